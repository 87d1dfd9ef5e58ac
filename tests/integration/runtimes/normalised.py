"""A transcript with everything taken out that differs between two runs of the same client."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path

from scripted_runtime_api import Post, Transcript

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# lambdad's clients leave longer causes out; AWS's send up to 1 MiB, of which the platform keeps 64 KiB.
MAX_CAUSE_BYTES = 48 * 1024
OWN_FILES = ("awslambdaric/bootstrap.py", "clients/lambdad_runtime.py")
# A handler that cannot be called fails in the client itself.
OWN_FRAME = re.compile(
    r'File \\*"[^"]*(awslambdaric/bootstrap|lambdad_runtime)\.py\\*", line \d+, in \w+(\\n|\n)[\s\u00a0]+[^\n\\]*'
)
OWN_WARNING = re.compile(r"^\S*(awslambdaric/bootstrap|lambdad_runtime)\.py:\d+: (?=\w+Warning: )")
# How deep a recursion goes depends on the frames below it.
DEPTH = re.compile(r"Previous line repeated \d+ more times")
COMPARED_HEADERS = (
    "content-type",
    "lambda-runtime-function-error-type",
    "lambda-runtime-function-response-mode",
    "transfer-encoding",
    "lambda-runtime-function-xray-error-cause",
)


def seen(transcript: Transcript, client_paths: Sequence[Path]) -> dict[str, object]:
    """What a caller and a log reader see of a run."""
    return {
        "posts": [_post(post, client_paths) for post in transcript.posts],
        "records": _records(transcript, client_paths),
        "exit_code": transcript.exit_code,
    }


def _post(post: Post, client_paths: Sequence[Path]) -> tuple[str, dict[str, str], str]:
    headers = {name: post.headers[name] for name in COMPARED_HEADERS if name in post.headers}
    if post.path.endswith("/init/error"):
        # AWS's client sends what its HTTP library adds here.
        headers.pop("content-type", None)
    cause = headers.get("lambda-runtime-function-xray-error-cause")
    if cause and len(cause) > MAX_CAUSE_BYTES:
        del headers["lambda-runtime-function-xray-error-cause"]
    elif cause:
        headers["lambda-runtime-function-xray-error-cause"] = _cause(cause)
    headers |= {f"trailer {name}": _trailer(value, client_paths) for name, value in post.trailers.items()}
    return post.path, headers, _text(post.body.decode("utf-8", "backslashreplace"), client_paths)


def _trailer(value: str, client_paths: Sequence[Path]) -> str:
    """An error object travels in base64 there."""
    try:
        return _text(base64.b64decode(value, validate=True).decode(), client_paths)
    except ValueError:
        return value


def _cause(cause: str) -> str:
    """Frames of a client itself are its own affair; the order of the paths is a set's."""
    value = json.loads(cause)
    for exception in value["exceptions"]:
        del exception["stack"][20:]
        for frame in exception["stack"]:
            _hide_own(frame)
        exception["stack"] = [one for one in exception["stack"] if one["path"] not in ("file", "node", "new")]
    paths = (path for path in value["paths"] if path not in ("file", "node", "new"))
    value["paths"] = sorted("<the client>" if path.endswith(OWN_FILES) else path for path in paths)
    return json.dumps(value)


def _hide_own(frame: dict[str, object]) -> None:
    if str(frame["path"]).endswith(OWN_FILES):
        frame.update(path="<the client>", line=0, label="")


def _records(transcript: Transcript, client_paths: Sequence[Path]) -> list[tuple[int | None, str]]:
    """Log records; of what Python prints when the client itself ends by an exception, the last line."""
    found: list[tuple[int | None, str]] = []
    ending = in_warning = False
    for kind, text in transcript.records:
        if kind is None and in_warning and text.startswith("  "):
            continue  # the line of the client that a warning stands at
        in_warning = kind is None and OWN_WARNING.match(text) is not None
        ending = ending or (kind is None and text.startswith("Traceback"))
        if kind is None and text.startswith("Executing '"):
            continue  # what the entry point of aws-lambda-ric 3 says of itself
        if kind is None and _is_frame(text.rstrip("\n"), client_paths):
            continue
        if not ending or not text.startswith(("Traceback", " ")):
            found.append((kind, _text(text, client_paths)))
    return found


def _text(text: str, client_paths: Sequence[Path]) -> str:
    # Bodies of megabytes are first searched for what is in every match.
    if "T" in text:
        text = STAMP.sub("<time>", text)
    if "Warning: " in text:
        text = OWN_WARNING.sub("<the client>: ", text)
    text = OWN_FRAME.sub("<frame of the client>", text)
    text = DEPTH.sub("<depth>", text)
    try:
        prefix, brace, rest = text.partition("{")
        value = json.loads(brace + rest)
    except ValueError:
        return text
    return prefix + json.dumps(_without_frames(value, client_paths), ensure_ascii=False)


def _without_frames(value: object, client_paths: Sequence[Path]) -> object:
    if isinstance(value, dict):
        return {name: _without_frames(part, client_paths) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_frames(part, client_paths) for part in value if not _is_frame(part, client_paths)]
    if isinstance(value, str):
        lines = value.split("\n")
        return "\n".join(line for line in lines if not _is_frame(line, client_paths))
    return value


def _is_frame(line: object, client_paths: Sequence[Path]) -> bool:
    """A line of a Node.js stack below the handler: the client's own, or of Node.js itself."""
    if not isinstance(line, str):
        return False
    if re.match(r"\s+at .*(\(| )node:", line) or re.match(
        r"\s+at (new )?(async )?[\w.]* ?\(?<anonymous>\)?$", line
    ):
        return True
    return bool(re.match(r"(\s+at |- )", line)) and any(str(path) in line for path in client_paths)
