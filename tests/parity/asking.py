"""The requests that the recorded tests repeat: archives, roles, creating a function."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from bridge import ACCOUNT, Bridge

ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda-role"


def archive(source: str = "def handler(event, context): return event\n") -> bytes:
    """A deployment package with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("index.py", source)
    return buffer.getvalue()


def archive_of_size(size_bytes: int) -> bytes:
    """A deployment package of exactly that many bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("index.py", "")
        opened.comment = b"x" * (size_bytes - len(archive("")))
    made = buffer.getvalue()
    assert len(made) == size_bytes
    return made


def helped(aws: Bridge, name: str, *, settle: bool = True, **given: Any) -> Any:
    """CreateFunction as the suite's helper asks: 30 s, an empty environment."""
    members = {"Handler": "handler.handler", "Timeout": 30, "Environment": {"Variables": {}}} | given
    return plain(aws, name, settle=settle, **members)


def plain(aws: Bridge, name: str, *, settle: bool = True, **given: Any) -> Any:
    """CreateFunction with nothing but what it needs, and what is given."""
    members = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": ROLE,
        "Code": {"ZipFile": archive()},
    }
    response = aws.client.create_function(**(members | given))
    if settle:
        aws.settle()
    return response
