"""Checks an event before anything is spent on it: size and JSON, in AWS's words.

The bytes go to the function untouched; they are validated, never re-encoded. AWS's texts are those
of its Java parser; the kinds of error people meet are worded like it.
"""

from __future__ import annotations

import re

import msgspec

from lambdad.domain.errors import InvalidRequestContent, RequestTooLarge
from lambdad.domain.limits import MAX_SYNC_REQUEST_BYTES

_decode = msgspec.json.Decoder(msgspec.Raw).decode
_QUOTED_BYTES = 500
_POSITION = re.compile(r"\(byte (\d+)\)")
_TOKEN = re.compile(rb"[A-Za-z_$][A-Za-z0-9_$]*")
_VALUE_WORDS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def checked(payload: bytes, most_bytes: int = MAX_SYNC_REQUEST_BYTES) -> bytes:
    """Return the event a function sees: `payload`, or ``{}`` when it is empty.

    Args:
        payload: as it came.
        most_bytes: what the way it came by allows.

    Raises:
        RequestTooLarge: over `most_bytes`.
        InvalidRequestContent: not JSON.
    """
    if len(payload) > most_bytes:
        raise RequestTooLarge(
            f"Request must be smaller than {most_bytes} bytes for the InvokeFunction operation"
        )
    if not payload:
        return b"{}"
    try:
        _decode(payload)
        if not payload.isascii():
            payload.decode()
    except UnicodeDecodeError as error:
        raise _invalid(
            f"Invalid UTF-8 start byte 0x{payload[error.start]:02x}", payload, error.start
        ) from None
    except RecursionError:
        raise _invalid("The document is nested too deeply", payload, 0) from None
    except msgspec.DecodeError as error:
        raise _explained(payload, str(error)) from None
    return payload


def _explained(payload: bytes, words: str) -> InvalidRequestContent:
    found = _POSITION.search(words)
    if found is None:
        return _invalid("Unexpected end-of-input", payload, len(payload))
    at = min(int(found.group(1)), len(payload) - 1)
    while at > 0 and _TOKEN.match(payload[at - 1 : at]):
        at -= 1
    token = _TOKEN.match(payload, at)
    if token is not None:
        text = token.group().decode()
        return _invalid(f"Unrecognized token '{text}': was expecting {_VALUE_WORDS}", payload, token.end())
    code = payload[at]
    shown = f"'{chr(code)}' (code {code})" if 32 <= code < 127 else f"(CTRL-CHAR, code {code})"
    return _invalid(f"Unexpected character ({shown}): expected a valid value {_VALUE_WORDS}", payload, at)


def _invalid(problem: str, payload: bytes, at: int) -> InvalidRequestContent:
    line = payload.count(b"\n", 0, at) + 1
    column = at - (payload.rfind(b"\n", 0, at) + 1) + 2
    quoted = payload[:_QUOTED_BYTES].decode("utf-8", "replace")
    if len(payload) > _QUOTED_BYTES:
        quoted += f'"[truncated {len(payload) - _QUOTED_BYTES} bytes]'
    else:
        quoted += '"'
    return InvalidRequestContent(
        f"Could not parse request body into json: Could not parse payload into json: {problem}\n"
        f' at [Source: (byte[])"{quoted}; line: {line}, column: {column}]'
    )
