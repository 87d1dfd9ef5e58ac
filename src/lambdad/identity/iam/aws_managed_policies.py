"""Policies that AWS manages and functions are given, as data: one file for each, named as the policy.

Source: the documents of AWS, as public trackers of managed policies show them (MAMIP, November 2026). A file
says in `Note` when its document is not the whole of AWS's.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from lambdad.domain.iam import ManagedPolicy, PolicyVersion

_DOCUMENTS = Path(__file__).parent / "aws_managed"


@cache
def aws_managed_policies() -> Mapping[str, ManagedPolicy]:
    """All there are, by ARN, in the order of their names."""
    read = (_read(path) for path in sorted(_DOCUMENTS.glob("*.json")))
    return {policy.arn: policy for policy in read}


def _read(path: Path) -> ManagedPolicy:
    about = json.loads(path.read_text("utf-8"))
    created, updated = (
        datetime.fromisoformat(about[one]).timestamp() for one in ("CreateDate", "UpdateDate")
    )
    arn = f"arn:aws:iam::aws:policy{about['Path']}{path.stem}"
    version = PolicyVersion(about["VersionId"], json.dumps(about["Document"], indent=4), updated)
    return ManagedPolicy(
        name=path.stem,
        path=about["Path"],
        arn=arn,
        unique_id="ANPA" + base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()[:17],
        created_s=created,
        updated_s=updated,
        versions=(version,),
        default_version=version.version_id,
    )
