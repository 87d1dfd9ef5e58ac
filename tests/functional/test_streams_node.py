"""Node.js handlers that stream, called by boto3 and by the AWS SDK for JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from calling import ROOT, TOOLS_HINT, call
from stream_calls import begin, release, stream

from tests.running import Server

MODULES = ROOT / ".cache" / "js" / "node_modules"
SESSION = Path(__file__).with_name("node_sdk_stream_session.cjs")
SOURCE = """
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');

async function waitForTag(context, tag) {
    const url = `${process.env.AWS_ENDPOINT_URL}/2017-03-31/tags/${encodeURIComponent(context.invokedFunctionArn)}`;
    for (;;) {
        const { Tags } = await (await fetch(url)).json();
        if (tag in Tags) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
    if (event === 'http') {
        const answer = { statusCode: 201, headers: { 'X-A': 'b' }, cookies: ['c=d'] };
        stream = awslambda.HttpResponseStream.from(stream, answer);
        stream.write('created');
        stream.end();
        return;
    }
    if (event === 'fails first') throw new TypeError('at once');
    if (event === 'pipe') {
        stream.setContentType('text/csv');
        await pipeline(Readable.from((function* () { for (let n = 0; n < 5000; n += 1) yield `${n},`; })()), stream);
        return;
    }
    stream.setContentType('text/plain');
    stream.write('first ');
    if (event === 'fails later') throw new RangeError('half way');
    if (event === 'crashes') setTimeout(() => { throw new Error('outside'); }, 1);
    if (event === 'exits') process.exit(5);
    if (event === 'sleeps' || event === 'crashes') await new Promise((resolve) => setTimeout(resolve, 60_000));
    console.log('wrote the first');
    if (event === 'waits') await waitForTag(context, 'go');
    stream.write('last');
    stream.end();
});
"""


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    return shared_server.function({"app.js": SOURCE}, Runtime="nodejs20.x", Timeout=10)


def test_the_first_write_is_with_the_caller_while_the_handler_still_runs(shared_server: Server) -> None:
    waiting = shared_server.function({"app.js": SOURCE}, Runtime="nodejs20.x")
    answer = begin(shared_server, waiting, "waits", LogType="Tail")
    answer.wait(b"first ")
    release(shared_server, waiting)
    answer.rest()
    assert answer.body == b"first last"
    assert answer.headers["x-amzn-remapped-content-type"] == "text/plain"
    assert "\tINFO\twrote the first" in answer.log


def test_http_metadata_stands_in_front_of_the_body(shared_server: Server, name: str) -> None:
    answer = stream(shared_server, name, "http")
    kind = "application/vnd.awslambda.http-integration-response"
    assert answer.headers["x-amzn-remapped-content-type"] == kind
    prelude, _, body = answer.body.partition(b"\0" * 8)
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["c=d"]}
    assert body == b"created"


def test_a_pipeline_arrives_whole(shared_server: Server, name: str) -> None:
    assert stream(shared_server, name, "pipe").body == "".join(f"{n}," for n in range(5000)).encode()


def test_an_error_before_the_first_write(shared_server: Server, name: str) -> None:
    answer = stream(shared_server, name, "fails first")
    assert answer.body == b""
    answer.failed("TypeError", "at once")


def test_an_error_in_the_middle(shared_server: Server, name: str) -> None:
    answer = stream(shared_server, name, "fails later", LogType="Tail")
    assert answer.body == b"first "
    assert answer.complete is not None
    details = json.loads(answer.complete["ErrorDetails"])
    assert (answer.complete["ErrorCode"], details["errorMessage"]) == ("RangeError", "half way")
    assert details["trace"][0] == "RangeError: half way"
    assert "\tERROR\tInvoke Error \t" in answer.log


@pytest.mark.parametrize(("how", "status"), [("exits", 5), ("crashes", 129)])
def test_an_end_of_the_process_in_the_middle(shared_server: Server, name: str, how: str, status: int) -> None:
    answer = stream(shared_server, name, how)
    assert answer.body == b"first "
    message = f"RequestId: {{id}} Error: Runtime exited with error: exit status {status}"
    answer.failed("Runtime.ExitError", message)
    assert stream(shared_server, name).body == b"first last"


def test_time_that_runs_out_in_the_middle(shared_server: Server) -> None:
    sleeping = shared_server.function({"app.js": SOURCE}, Runtime="nodejs20.x", Timeout=2)
    answer = begin(shared_server, sleeping, "sleeps")
    answer.wait(b"first ")
    answer.failed("Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 2.00 seconds")
    assert stream(shared_server, sleeping).body == b"first last"


def test_events_follow_one_another_in_one_process(shared_server: Server, name: str) -> None:
    for _ in range(5):
        assert stream(shared_server, name).body == b"first last"
        assert stream(shared_server, name, "fails later").body == b"first "


def test_invoke_gets_what_was_streamed_in_one_piece(shared_server: Server, name: str) -> None:
    answer = shared_server.client().invoke(FunctionName=name, Payload=b"{}")
    assert answer["Payload"].read() == b"first last"
    assert call(shared_server, name, "fails later").body["errorType"] == "RangeError"


@pytest.fixture(scope="module")
def seen(shared_server: Server) -> Any:
    """What a session of the SDK saw."""
    node = shutil.which("node")
    assert node, TOOLS_HINT
    assert MODULES.is_dir(), TOOLS_HINT
    waiting = shared_server.function({"app.js": SOURCE}, Runtime="nodejs20.x")
    done = subprocess.run(
        [node, str(SESSION), shared_server.url, waiting],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sdk_sees_the_first_chunk_before_it_lets_the_function_go_on(seen: Any) -> None:
    assert seen["first"] == "first "
    assert seen["body"] == "first last"
    assert seen["complete"].keys() == {"LogResult"}
    assert seen["status"] == 200


def test_the_sdk_sees_how_a_stream_failed(seen: Any) -> None:
    assert seen["failure"]["ErrorCode"] == "RangeError"
    assert json.loads(seen["failure"]["ErrorDetails"])["errorMessage"] == "half way"


def test_the_sdk_maps_a_missing_function_to_its_class(seen: Any) -> None:
    assert seen["missing"] == "ResourceNotFoundException"
