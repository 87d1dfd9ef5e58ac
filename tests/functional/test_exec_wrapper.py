"""AWS_LAMBDA_EXEC_WRAPPER: the wrapper starts the runtime, or what it makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from calling import SAMPLES, call, failed, publish_layer

from tests.running import Server

ECHO = """
import os
def handler(event, context):
    return [event, os.environ.get("FROM_WRAPPER"), os.environ["_HANDLER"]]
def other(event, context):
    return ["other", event]
"""
ECHO_NODE = "exports.handler = async (event) => [event, process.env.FROM_WRAPPER, process.env._HANDLER];"
SHELL = '#!/bin/sh\nexport FROM_WRAPPER="$#"\nexec "$@"\n'
PYTHON = """#!/usr/bin/env python3
import os, sys
os.environ["FROM_WRAPPER"] = str(len(sys.argv) - 1)
os.execv(sys.argv[1], sys.argv[1:])
"""
# Leaves the runtime nothing but its standard descriptors.
PYTHON_CHILD = """#!/usr/bin/env python3
import os, subprocess, sys
os.environ["FROM_WRAPPER"] = "child"
sys.exit(subprocess.call(sys.argv[1:]))
"""
# Descriptors 3 and 4 are other things when the runtime starts.
REPLACES = '#!/bin/sh\nexport FROM_WRAPPER=replaced\nexec 3>/dev/null 4</dev/null\nexec "$@"\n'
# A proxy of its own in front of the Runtime API, which closes the connection after every answer.
PROXY = """#!/usr/bin/env python3
import http.client, http.server, os, sys, threading
real = os.environ["AWS_LAMBDA_RUNTIME_API"]
class Proxy(http.server.BaseHTTPRequestHandler):
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection(real)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        if self.command == "GET":
            content = content.replace(b"event", b"proxied")
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
    do_GET = do_POST = pass_on
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
if os.fork():
    os.environ["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:%d" % server.server_port
    os.environ["FROM_WRAPPER"] = "proxy"
    server.server_close()
    os.execv(sys.argv[1], sys.argv[1:])
server.serve_forever()
"""


@pytest.fixture(scope="module")
def server(server_of_each_tier: Server) -> Server:
    return server_of_each_tier


def wrapped(server: Server, script: str, runtime: str = "python3.11", **parameters: Any) -> str:
    layer = publish_layer(server, {"wrapper": script}, "wrapper")
    files: dict[str, str | bytes] = {"app.js": ECHO_NODE} if runtime.startswith("node") else {"app.py": ECHO}
    return server.function(
        files,
        Runtime=runtime,
        Layers=[layer],
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}},
        **parameters,
    )


RUNTIMES = {"python3.11": "4", "nodejs20.x": "2"}
"""With the number of words that start them."""


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "script", [SHELL, pytest.param(PYTHON, marks=pytest.mark.full)], ids=["shell", "python"]
)
def test_a_wrapper_starts_the_runtime_with_its_command(server: Server, script: str, runtime: str) -> None:
    name = wrapped(server, script, runtime)
    for event in (1, 2):
        assert call(server, name, event).body == [event, RUNTIMES[runtime], "app.handler"]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "script", [pytest.param(PYTHON_CHILD, marks=pytest.mark.full), REPLACES], ids=["child", "replaces"]
)
def test_a_runtime_without_its_descriptors_speaks_over_tcp(server: Server, script: str, runtime: str) -> None:
    name = wrapped(server, script, runtime)
    for event in (1, "x" * 100_000):
        assert call(server, name, event).body[0] == event


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_speaks_to_the_proxy_that_a_wrapper_names(server: Server, runtime: str) -> None:
    name = wrapped(server, PROXY, runtime)
    for _ in range(3):
        assert call(server, name, "the event").body == ["the proxied", "proxy", "app.handler"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_errors_reach_the_caller_through_a_proxy(shared_server: Server, runtime: str) -> None:
    layer = publish_layer(shared_server, {"wrapper": PROXY}, "wrapper")
    files: dict[str, str | bytes] = {
        "app.py": "def handler(e, c):\n    raise ValueError('no')\n",
        "app.js": "exports.handler = async () => { throw new Error('no'); };",
    }
    variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}}
    name = shared_server.function(files, Runtime=runtime, Layers=[layer], Environment=variables)
    for _ in range(2):
        answer = call(shared_server, name, 1)
        assert (answer.error, answer.body["errorMessage"]) == ("Unhandled", "no")
    absent = shared_server.function(
        files, Runtime=runtime, Handler="absent.handler", Layers=[layer], Environment=variables
    )
    assert call(shared_server, absent, 1).body["errorType"] == "Runtime.ImportModuleError"


@pytest.mark.parametrize("script", [PYTHON_CHILD, REPLACES], ids=["child", "replaces"])
def test_a_response_streams_without_the_inherited_descriptors(shared_server: Server, script: str) -> None:
    layer = publish_layer(shared_server, {"wrapper": script}, "wrapper")
    source = """exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('one ');
  stream.write(String(event));
  stream.end();
});"""
    variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}}
    name = shared_server.function(
        {"app.js": source}, Runtime="nodejs20.x", Layers=[layer], Environment=variables
    )
    for event in (1, 2):
        answer = shared_server.client().invoke_with_response_stream(FunctionName=name, Payload=str(event))
        told = list(answer["EventStream"])
        assert b"".join(one["PayloadChunk"]["Payload"] for one in told[:-1]) == b"one %d" % event
        assert told[-1] == {"InvokeComplete": {}}


def test_what_a_runtime_without_descriptors_logs_is_there(shared_server: Server) -> None:
    layer = publish_layer(shared_server, {"wrapper": PYTHON_CHILD}, "wrapper")
    source = "import logging\ndef handler(e, c):\n    print('printed')\n    logging.warning('logged')\n"
    name = shared_server.function(
        {"app.py": source},
        Layers=[layer],
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}},
    )
    answer = call(shared_server, name)
    assert answer.error is None
    assert "printed\n" in answer.log
    assert f"{answer.request_id}\tlogged\n" in answer.log


def test_a_wrapper_may_name_another_handler_and_more_options(shared_server: Server) -> None:
    script = '#!/bin/bash\nexport _HANDLER=app.other\nargs=("$@")\nexec "${args[0]}" -X utf8 "${args[@]:1}"\n'
    assert call(shared_server, wrapped(shared_server, script), 3).body == ["other", 3]


def test_a_wrapper_without_an_interpreter_line_is_a_shell_script(shared_server: Server) -> None:
    name = wrapped(shared_server, 'export FROM_WRAPPER=plain\nexec "$@"\n')
    assert call(shared_server, name, 1).body == [1, "plain", "app.handler"]


def test_a_wrapper_may_lie_in_the_code(server: Server) -> None:
    name = server.function(
        {"app.py": ECHO, "wrap.sh": SHELL},
        executable=("wrap.sh",),
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap.sh"}},
    )
    assert call(server, name, 1).body == [1, "4", "app.handler"]


def test_a_missing_wrapper_ends_with_status_127_and_says_so(server: Server) -> None:
    variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/absent"}}
    name = server.function({"app.py": ECHO}, Environment=variables)
    answer = call(server, name)
    failed(answer, "Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: exit status 127")
    assert any(
        "/opt/absent: does not exist\n" in message for message in server.messages(name, until="absent")
    )


def test_a_wrapper_that_ends_by_itself_is_told_as_the_runtimes_end(shared_server: Server) -> None:
    answer = call(shared_server, wrapped(shared_server, "#!/bin/sh\nexit 3\n"))
    failed(answer, "Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: exit status 3")


def test_provided_runtimes_have_no_wrapper(shared_server: Server) -> None:
    script = (SAMPLES / "hello-shell" / "bootstrap").read_bytes()
    variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/absent"}}
    name = shared_server.function({"bootstrap": script}, Runtime="provided.al2023", Environment=variables)
    assert call(shared_server, name, 1).body == {"greeting": "Hello from a shell!", "event": 1}
