"""Names a function's processes can look up without a name server."""

from __future__ import annotations

import pytest
from calling import call

from tests.running import Server

SOURCE = """
import socket
def handler(event, context):
    return socket.gethostbyname(event)
"""


@pytest.mark.parametrize("name", ["localhost", "sandbox.localdomain", "sandbox"])
def test_the_sandbox_is_known_inside_by_aws_names(shared_server: Server, name: str) -> None:
    function = shared_server.function({"app.py": SOURCE})
    assert call(shared_server, function, name).body == "127.0.0.1"
