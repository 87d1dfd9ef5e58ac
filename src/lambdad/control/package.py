"""Zip files and container images: which members go with which; pure.

Images are not offered yet, so a request that is right for one is refused last, after AWS's own refusals.

Source: texts as users report them (hashicorp/terraform-provider-aws, aws/aws-cdk #13037, boto/boto3 #2705);
where nobody did (`ImageConfig` of a zip file, an image without `ImageUri`) they are formed after those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.checks import says_something
from lambdad.domain.errors import InvalidParameter, NotOffered

Params = Mapping[str, Any]


def check_new_package(params: Params) -> None:
    """Refuse a CreateFunction whose members do not go with its package type.

    Raises:
        InvalidParameter: in AWS's words.
        NotOffered: an image.
    """
    if params.get("PackageType") != "Image":
        if says_something(params.get("ImageConfig")):
            raise InvalidParameter(
                "Please don't provide ImageConfig when the intended function PackageType is Zip."
            )
        return
    if params.get("Handler") or params.get("Runtime") or params.get("Layers"):
        raise InvalidParameter(
            "Please don't provide Handler or Runtime or Layer "
            "when the intended function PackageType is Image."
        )
    if not params["Code"].get("ImageUri"):
        raise InvalidParameter("Please provide ImageUri when creating a function with packageType Image.")
    raise NotOffered("PackageType=Image: container images are not offered by lambdad yet.")


def check_changed_package(params: Params) -> None:
    """Refuse an update that would be one of an image; there are none.

    Raises:
        InvalidParameter: in AWS's words.
    """
    for member in ("ImageUri", "ImageConfig"):
        if says_something(params.get(member)):
            raise InvalidParameter(
                f"Please don't provide {member} when updating a function with packageType Zip."
            )
