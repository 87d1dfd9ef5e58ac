"""Function URLs: an HTTP address of a function or of an alias, and how it answers."""

from __future__ import annotations

import ipaddress
import secrets
import string
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lambdad.domain.resource import Kind

URL_ID_LENGTH: Final = 32
"""Characters of an id, ``a`` to ``z`` and digits. Source: spec api §4."""
MARK: Final = ".lambda-url."
"""Stands behind the id in the host name of every function URL."""
PATH: Final = "/lambdad/v1/url/"
"""In front of the id and the rest of the path, for hosts on which such names do not resolve."""
_ALPHABET = string.ascii_lowercase + string.digits


class AuthType(StrEnum):
    """Who may call a function URL: whoever the resource policy lets in, or signed requests only."""

    NONE = "NONE"
    AWS_IAM = "AWS_IAM"


class InvokeMode(StrEnum):
    """Whether the answer is sent when it is whole, or as the function writes it."""

    BUFFERED = "BUFFERED"
    RESPONSE_STREAM = "RESPONSE_STREAM"


@dataclass(frozen=True, slots=True)
class Cors:
    """What pages of other origins may do; every member None when it was not given.

    Attributes:
        max_age_s: seconds a browser may keep the answer to a preflight request.
    """

    allow_credentials: bool | None = None
    allow_headers: tuple[str, ...] | None = None
    allow_methods: tuple[str, ...] | None = None
    allow_origins: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age_s: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A function URL.

    Attributes:
        url_id: first label of its host name; never changes.
        invoke_mode: None when it was never given; it is BUFFERED then.
        cors: None leaves CORS to the function.
        created, modified: in AWS's format.
    """

    url_id: str
    auth_type: AuthType
    invoke_mode: InvokeMode | None
    cors: Cors | None
    created: str
    modified: str


FUNCTION_URLS = Kind("function-url", FunctionUrl, found_by=lambda url: url.url_id)
"""Function URLs, by function and alias; ``$LATEST`` for the function as a whole.

They outlive their alias: what is called then is refused until the alias is there again or the URL is deleted.
Source: a recorded answer of LocalStack's suite, TestLambdaURL test_lambda_url_persists_after_alias_delete.
"""


def new_url_id() -> str:
    """An id that nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(URL_ID_LENGTH))


def by_name(url_id: str, region: str, base_url: str, domain: str) -> str:
    """The URL with a host name of its own.

    Args:
        url_id: of the function URL.
        region: of its function.
        base_url: scheme and authority the caller used.
        domain: what stands behind the region, with a port or a scheme of its own if it shall have one.
    """
    scheme, _, authority = base_url.partition("://")
    port = split_authority(authority)[1]
    if "://" in domain:
        scheme, _, domain = domain.partition("://")
        port = ""
    if ":" in domain:
        port = ""
    return f"{scheme}://{url_id}{MARK}{region}.{domain}{port}/"


def by_path(url_id: str, base_url: str) -> str:
    """The URL below the endpoint itself."""
    return f"{base_url}{PATH}{url_id}/"


def domain_of(base_url: str) -> str:
    """Where names of function URLs can be for whoever used `base_url`: the host name, or ``localhost`` for
    addresses and AWS's own names.
    """
    host = split_authority(base_url.partition("://")[2])[0]
    return host if _is_name(host) else "localhost"


def split_host(host: str) -> tuple[str, str]:
    """Id and region in a host name that has `MARK` in it, both in lower case."""
    url_id, _, rest = host.lower().partition(MARK)
    return url_id, rest.partition(":")[0].partition(".")[0]


def split_authority(authority: str) -> tuple[str, str]:
    """Host name or address without brackets, and port with its colon (empty without one)."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host, rest
    host, colon, port = authority.partition(":")
    return host, colon + port


def _is_name(host: str) -> bool:
    """Whether host names can be made below it."""
    if host == "localhost" or host.endswith((".localhost", ".amazonaws.com", ".amazonaws.com.cn")):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host)
    return False
