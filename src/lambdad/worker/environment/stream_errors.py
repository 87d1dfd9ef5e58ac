"""How a streamed response fails, as error types and error objects; pure functions.

Source: spec of the Runtime API §5 (trailers, end states) and AWS's emulator (error types).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.worker.environment.failures import error_object

_ERROR_TYPE = b"lambda-runtime-function-error-type"
_ERROR_BODY = b"lambda-runtime-function-error-body"


@dataclass(frozen=True, slots=True)
class StreamError:
    """Why a stream did not end well.

    Attributes:
        code: AWS's error type, or the runtime's own.
        payload: the error object.
    """

    code: str
    payload: bytes


def of_trailers(trailers: Mapping[bytes, bytes]) -> StreamError | None:
    """The error a runtime reports behind the body; None when it reports none.

    A body that is not base64 of a JSON object is left out, the type counts alone.
    """
    kind = trailers.get(_ERROR_TYPE, b"").decode("latin-1")
    encoded = trailers.get(_ERROR_BODY, b"")
    if not kind and not encoded:
        return None
    payload, own_type = _decoded(encoded)
    code = kind or own_type or "Runtime.Unknown"
    return StreamError(code, payload or error_object(code, ""))


def _decoded(encoded: bytes) -> tuple[bytes, str]:
    """The error object and its type; empty when it is none."""
    try:
        payload = base64.b64decode(encoded, validate=True)
        found = json.loads(payload)
    except (binascii.Error, ValueError, RecursionError):
        return b"", ""
    if not isinstance(found, dict):
        return b"", ""
    own_type = found.get("errorType")
    return payload, own_type if isinstance(own_type, str) else ""


def truncated(request_id: str) -> StreamError:
    """The body was cut off."""
    return _platform("Runtime.TruncatedResponse", request_id, "Response was truncated")


def invalid_mode(request_id: str) -> StreamError:
    """The runtime named a response mode that does not exist."""
    return _platform("Runtime.InvalidResponseModeHeader", request_id, "Invalid function response mode")


def too_large(limit_bytes: int) -> StreamError:
    """More came than the caller's way of asking allows."""
    code = "Function.ResponseSizeTooLarge"
    text = f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes)."
    return StreamError(
        code, json.dumps({"errorMessage": text, "errorType": code}, separators=(",", ":")).encode()
    )


def _platform(code: str, request_id: str, words: str) -> StreamError:
    return StreamError(code, error_object(code, f"RequestId: {request_id} Error: {words}"))
