"""Requests to S3, read from method, path, subresource and a few headers.

Source: Amazon S3 user guide, "Required permissions for Amazon S3 API operations"; Service Authorization
Reference, "Amazon S3". An operation that has no line here needs an action that only a wildcard allows.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from lambdad.domain.http import Request
from lambdad.identity.authorization.needs import EVERYTHING, Need, Values
from lambdad.identity.authorization.neighbours.reading import Unreadable

_OBJECT: Final = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("GET", "acl"): "GetObjectAcl",
    ("PUT", "acl"): "PutObjectAcl",
    ("GET", "attributes"): "GetObjectAttributes",
    ("GET", "legal-hold"): "GetObjectLegalHold",
    ("PUT", "legal-hold"): "PutObjectLegalHold",
    ("GET", "retention"): "GetObjectRetention",
    ("PUT", "retention"): "PutObjectRetention",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("GET", "torrent"): "GetObjectTorrent",
    ("POST", "restore"): "RestoreObject",
    ("POST", "select"): "GetObject",
    ("POST", "uploads"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("PUT", "uploadId"): "PutObject",
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_VERSIONED: Final = {
    "GetObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "PutObjectAcl": "PutObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObjectTorrent": "GetObjectVersionTorrent",
}
_BUCKET: Final = {
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("GET", "accelerate"): "GetAccelerateConfiguration",
    ("PUT", "accelerate"): "PutAccelerateConfiguration",
    ("GET", "acl"): "GetBucketAcl",
    ("PUT", "acl"): "PutBucketAcl",
    ("GET", "cors"): "GetBucketCORS",
    ("PUT", "cors"): "PutBucketCORS",
    ("DELETE", "cors"): "PutBucketCORS",
    ("GET", "encryption"): "GetEncryptionConfiguration",
    ("PUT", "encryption"): "PutEncryptionConfiguration",
    ("DELETE", "encryption"): "PutEncryptionConfiguration",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("DELETE", "lifecycle"): "PutLifecycleConfiguration",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "logging"): "GetBucketLogging",
    ("PUT", "logging"): "PutBucketLogging",
    ("GET", "notification"): "GetBucketNotification",
    ("PUT", "notification"): "PutBucketNotification",
    ("GET", "object-lock"): "GetBucketObjectLockConfiguration",
    ("PUT", "object-lock"): "PutBucketObjectLockConfiguration",
    ("GET", "ownershipControls"): "GetBucketOwnershipControls",
    ("PUT", "ownershipControls"): "PutBucketOwnershipControls",
    ("DELETE", "ownershipControls"): "PutBucketOwnershipControls",
    ("GET", "policy"): "GetBucketPolicy",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("GET", "policyStatus"): "GetBucketPolicyStatus",
    ("GET", "publicAccessBlock"): "GetBucketPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("DELETE", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("GET", "replication"): "GetReplicationConfiguration",
    ("PUT", "replication"): "PutReplicationConfiguration",
    ("DELETE", "replication"): "PutReplicationConfiguration",
    ("GET", "requestPayment"): "GetBucketRequestPayment",
    ("PUT", "requestPayment"): "PutBucketRequestPayment",
    ("GET", "tagging"): "GetBucketTagging",
    ("PUT", "tagging"): "PutBucketTagging",
    ("DELETE", "tagging"): "PutBucketTagging",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "website"): "GetBucketWebsite",
    ("PUT", "website"): "PutBucketWebsite",
    ("DELETE", "website"): "DeleteBucketWebsite",
}
_PARAMETERS: Final = frozenset(
    {
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "key-marker",
        "list-type",
        "marker",
        "max-keys",
        "max-parts",
        "max-uploads",
        "part-number-marker",
        "partNumber",
        "prefix",
        "start-after",
        "upload-id-marker",
        "version-id-marker",
        "versionId",
        "x-id",
    }
)
"""Of the query: what changes the operation's answer, and not which operation it is."""
_LISTED: Final = ("prefix", "delimiter", "max-keys")
_KEY = re.compile(r"<Key>([^<]*)</Key>")
_UNLISTED: Final = "UnlistedOperation"


def s3(request: Request) -> list[Need]:
    """What a request to S3 needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    bucket, key = _named(request)
    query = _query(request)
    inside = [name for name in query if name not in _PARAMETERS]
    if len(inside) > 1:
        raise Unreadable
    what = (request.method, inside[0] if inside else "")
    if not bucket:
        if what != ("GET", ""):
            raise Unreadable
        return [Need("s3:ListAllMyBuckets", EVERYTHING)]
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        if what == ("POST", "delete"):
            return [Need("s3:DeleteObject", f"{arn}/{each}") for each in _deleted(request.body)]
        return [Need(f"s3:{_BUCKET.get(what, _UNLISTED)}", arn, _keys_of_list(query))]
    return _of_object(request, f"{arn}/{key}", what, query)


def _of_object(request: Request, arn: str, what: tuple[str, str], query: Mapping[str, str]) -> list[Need]:
    action = _OBJECT.get(what, _UNLISTED)
    if "versionId" in query:
        action = _VERSIONED.get(action, action)
    needs = [Need(f"s3:{action}", arn)]
    headers = request.headers
    if action == "PutObject":
        if headers.get("x-amz-tagging"):
            needs.append(Need("s3:PutObjectTagging", arn))
        if "x-amz-acl" in headers or any(name.startswith("x-amz-grant-") for name in headers):
            needs.append(Need("s3:PutObjectAcl", arn))
    source = headers.get("x-amz-copy-source")
    if source is not None:
        path, _, version = source.partition("?versionId=")
        reading = "GetObjectVersion" if version else "GetObject"
        needs.append(Need(f"s3:{reading}", f"arn:aws:s3:::{_decoded(path.lstrip('/'))}"))
    return needs


def _named(request: Request) -> tuple[str, str]:
    """Bucket and key: of the path, or with the bucket in the host's name as it is forwarded."""
    host, found, _ = request.headers.get("host", "").partition(".s3.")
    path = f"/{host}{request.path}" if found else request.path
    bucket, _, key = path[1:].partition("/")
    return _decoded(bucket), _decoded(key)


def _decoded(path: str) -> str:
    """Percent-decoded once, as S3 does; what somebody else might read as another path is refused."""
    decoded = unquote(path, errors="strict") if "%" in path else path
    if {".", ".."} & set(decoded.split("/")) or "\0" in decoded:
        raise Unreadable
    return decoded


def _query(request: Request) -> dict[str, str]:
    kept = [(name, value) for name, value in request.query if not name.lower().startswith("x-amz-")]
    found = dict(kept)
    if len(found) < len(kept):
        raise Unreadable
    return found


def _keys_of_list(query: Mapping[str, str]) -> dict[str, Values]:
    return {f"s3:{name}": (query[name],) for name in _LISTED if name in query}


def _deleted(body: bytes) -> list[str]:
    """The keys of a DeleteObjects; a document that could be read in two ways is refused."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable from error
    keys = [html.unescape(key) for key in _KEY.findall(text)]
    if (
        "<!" in text
        or not keys
        or len(keys) != text.count("<Object>")
        or len(keys) != text.count("Key>") // 2
    ):
        raise Unreadable
    return keys
