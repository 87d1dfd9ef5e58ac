"""Which protocol a request is written in, for services that speak several.

CloudWatch speaks three: RPC v2 CBOR (which its model prefers), JSON (botocore, the JavaScript SDK) and query
(older SDKs). An answer comes in the protocol of its request. A service with one protocol is spoken to in
that.

Source: Smithy's specifications of rpcv2Cbor ("Protocol behaviors"), awsJson1_0 and awsQuery.
"""

from __future__ import annotations

from lambdad.awsapi.model import ServiceModel
from lambdad.domain.http import Request

CBOR = "smithy-rpc-v2-cbor"


def protocol_of(model: ServiceModel, request: Request) -> str:
    """The protocol of one request; what the model prefers when nothing in it says."""
    if len(model.protocols) == 1:
        return model.protocol
    if CBOR in model.protocols and is_cbor(request):
        return CBOR
    if "x-amz-target" in request.headers:
        return "json"
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    asks = any(name == "Action" for name, _ in request.query)
    return "query" if "query" in model.protocols and (form or asks) else model.protocol


def is_cbor(request: Request) -> bool:
    """Whether a request is of RPC v2: by its header, or by a path that only that has."""
    return bool(rpc_v2_names(request.path)[0]) or request.headers.get("smithy-protocol") == "rpc-v2-cbor"


def rpc_v2_names(path: str) -> tuple[str, str]:
    """Service and operation of the path of an RPC v2 request; both empty for any other path."""
    parts = path.split("/")
    if len(parts) < 5 or parts[-4] != "service" or parts[-2] != "operation":
        return "", ""
    return parts[-3], parts[-1]
