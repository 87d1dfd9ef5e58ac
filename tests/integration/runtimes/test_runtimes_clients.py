"""What lambdad's own clients do beyond what the official ones show: the connection and the world."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path

import pytest
from scripted_runtime_api import Event, Transcript, run

from lambdad.worker.runtimes.client_tree import CLIENTS, NODE_CLIENT, PYTHON_CLIENT

SIX_MIB = 6 * 1024 * 1024
NODE = shutil.which("node") or "node"
PYTHON_CODE = """
import sys
def echo(event, context):
    return event
def path(event, context):
    return sys.path
def size(event, context):
    return "x" * event
"""
NODE_CODE = """
exports.echo = async (event) => event;
exports.size = async (event) => 'x'.repeat(event);
exports.breaks = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('half');
  const { Readable, promises } = require('node:stream');
  await promises.pipeline(new Readable({ read() { this.destroy(new Error('the source broke')); } }), stream);
});
exports.crashes = awslambda.streamifyResponse(async (event, stream) => {
  if (event.write) stream.write('half');
  setTimeout(() => { throw new Error('outside'); }, 1);
  await new Promise(() => {});
});
"""
ARGV = {
    "python": [sys.executable, "-S", "-u", str(CLIENTS / PYTHON_CLIENT)],
    "node": [NODE, str(CLIENTS / NODE_CLIENT)],
}


@pytest.fixture
def task(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(PYTHON_CODE)
    (tmp_path / "app.js").write_text(NODE_CODE)
    return tmp_path


def play(
    language: str, task: Path, handler: str, *events: Event, status: int = 202, how: str = "fd"
) -> Transcript:
    env = {"PATH": "/usr/bin:/bin", "LAMBDA_TASK_ROOT": str(task), "_HANDLER": handler}
    return run(ARGV[language], env, task, events, transport=how, status_of_post=status)


@pytest.mark.parametrize("language", ARGV)
def test_the_answer_and_the_request_for_the_next_event_leave_together(language: str, task: Path) -> None:
    seen = play(language, task, "app.echo", Event(b'{"a":1}'))
    assert len(seen.sends) == 2
    assert b"/response HTTP/1.1" in seen.sends[1]
    assert b"GET /2018-06-01/runtime/invocation/next HTTP/1.1" in seen.sends[1]


@pytest.mark.parametrize("how", ["fd", "tcp"])
@pytest.mark.parametrize("language", ARGV)
def test_six_mebibytes_pass_both_ways(language: str, how: str, task: Path) -> None:
    body = json.dumps("é" * (SIX_MIB // 2 - 1), ensure_ascii=False).encode()
    assert len(body) == SIX_MIB
    seen = play(language, task, "app.echo", Event(body), Event(b"1"), how=how)
    assert json.loads(seen.posts[0].body) == json.loads(body)
    assert seen.posts[1].body == b"1"


@pytest.mark.parametrize("language", ARGV)
def test_an_event_that_is_not_json_is_an_error_and_the_next_event_works(language: str, task: Path) -> None:
    seen = play(language, task, "app.echo", Event(b"{broken"), Event(b"2"))
    paths = [post.path.rsplit("/", 1)[1] for post in seen.posts]
    assert paths[:1] == ["error"]
    if language == "python" or seen.exit_code is None:
        assert paths == ["error", "response"]


def test_a_refused_answer_ends_the_python_process_as_on_aws(task: Path) -> None:
    seen = play("python", task, "app.size", Event(b"10"), Event(b"10"), status=413)
    assert seen.exit_code == 1
    assert seen.output.endswith(b"RuntimeError: Failed to post invocation response\n")


def test_a_refused_answer_does_not_end_the_node_process_as_on_aws(task: Path) -> None:
    seen = play("node", task, "app.size", Event(b"10"), Event(b"11"), status=413)
    assert seen.exit_code is None
    assert len(seen.posts) == 2


def test_python_looks_for_modules_in_code_then_layers_then_the_runtime(task: Path) -> None:
    path = json.loads(play("python", task, "app.path", Event(b"1")).posts[0].body)
    layer = f"/opt/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    assert path[:4] == [str(task), layer, "/opt/python", "/var/runtime"]
    assert not any(entry.startswith(str(CLIENTS)) or "dist-packages" in entry for entry in path)


def test_a_stream_whose_source_breaks_ends_with_the_error_and_the_next_event_is_taken(task: Path) -> None:
    seen = play("node", task, "app.breaks", Event(b"1"), Event(b"2"))
    assert seen.exit_code is None
    assert [post.body for post in seen.posts] == [b"half", b"half"]
    for post in seen.posts:
        assert post.trailers["lambda-runtime-function-error-type"] == "Error"
        error = json.loads(base64.b64decode(post.trailers["lambda-runtime-function-error-body"]))
        assert error["errorMessage"] == "the source broke"


def test_a_crash_before_a_stream_began_is_reported(task: Path) -> None:
    seen = play("node", task, "app.crashes", Event(b'{"write": false}'))
    assert seen.exit_code == 129
    assert json.loads(seen.posts[0].body)["errorMessage"] == "outside"


def test_a_crash_in_the_middle_of_a_stream_leaves_its_body_cut_off(task: Path) -> None:
    seen = play("node", task, "app.crashes", Event(b'{"write": true}'))
    assert seen.exit_code == 129
    assert seen.posts == []
