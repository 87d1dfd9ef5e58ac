"""Layers in real environments: what is merged where, what finds it, and how it changes."""

from __future__ import annotations

import io
import urllib.request
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import SAMPLES, call, failed, publish_layer, started

from tests.running import Server, zip_of

SHOW = """
import os, subprocess, sys
def read(path):
    try:
        return open(path).read()
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    verb, *rest = event
    if verb == "read":
        return [read(path) for path in rest]
    if verb == "run":
        return subprocess.run(rest, capture_output=True, text=True).stdout
    if verb == "write":
        try:
            open(rest[0], "w")
            return "written"
        except OSError as error:
            return error.strerror
    if verb == "import":
        return __import__(rest[0]).NAME
    if verb == "count":
        global calls
        calls = globals().get("calls", 0) + 1
        return calls
"""


def change(server: Server, name: str, **parameters: Any) -> None:
    client = server.client()
    client.update_function_configuration(FunctionName=name, **parameters)
    client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
    )


@pytest.fixture(scope="module")
def server(server_of_each_tier: Server) -> Server:
    return server_of_each_tier


# --- merging ------------------------------------------------------------------------------------------


def test_layers_are_merged_in_order_and_the_later_one_wins(shared_server: Server) -> None:
    first = publish_layer(
        shared_server, {"both": "first", "one": "first", "d/both": "first", "d/one": "first"}
    )
    second = publish_layer(shared_server, {"both": "second", "two": "second", "d/both": "second"})
    paths = ["/opt/both", "/opt/one", "/opt/two", "/opt/d/both", "/opt/d/one"]
    name = shared_server.function({"app.py": SHOW}, Layers=[first, second])
    assert call(shared_server, name, ["read", *paths]).body == [
        "second",
        "first",
        "second",
        "second",
        "first",
    ]
    change(shared_server, name, Layers=[second, first])
    assert call(shared_server, name, ["read", *paths]).body == ["first", "first", "second", "first", "first"]


def test_a_file_of_a_later_layer_takes_the_place_of_a_directory_and_the_reverse(
    shared_server: Server,
) -> None:
    first = publish_layer(shared_server, {"a/x": "first", "b": "first"})
    second = publish_layer(shared_server, {"a": "second", "b/x": "second"})
    name = shared_server.function({"app.py": SHOW}, Layers=[first, second])
    assert call(shared_server, name, ["read", "/opt/a", "/opt/b/x"]).body == ["second", "second"]


def test_opt_cannot_be_written(shared_server: Server) -> None:
    one = publish_layer(shared_server, {"x": "x"})
    name = shared_server.function({"app.py": SHOW}, Layers=[one])
    assert call(shared_server, name, ["write", "/opt/x"]).body == "Read-only file system"
    assert call(shared_server, name, ["write", "/opt/y"]).body == "Read-only file system"
    change(shared_server, name, Layers=[one, publish_layer(shared_server, {"y": "y"})])
    assert call(shared_server, name, ["write", "/opt/x"]).body == "Read-only file system"


def test_without_layers_opt_is_empty(shared_server: Server) -> None:
    name = shared_server.function({"app.py": SHOW})
    assert call(shared_server, name, ["run", "ls", "-A", "/opt"]).body == ""


def test_a_layer_that_is_changed_over_another_leaves_the_layers_themselves_alone(
    shared_server: Server,
) -> None:
    first = publish_layer(shared_server, {"x": "first"})
    second = publish_layer(shared_server, {"x": "second"})
    both = shared_server.function({"app.py": SHOW}, Layers=[first, second])
    alone = shared_server.function({"app.py": SHOW}, Layers=[first])
    assert call(shared_server, both, ["read", "/opt/x"]).body == ["second"]
    assert call(shared_server, alone, ["read", "/opt/x"]).body == ["first"]


# --- what finds them ----------------------------------------------------------------------------------


def test_programs_and_libraries_of_layers_are_found(server: Server) -> None:
    tool = "#!/bin/sh\necho tool $LD_LIBRARY_PATH\n"
    layers = [
        publish_layer(server, {"bin/in-layer": tool, "bin/not-executable": tool}, "bin/in-layer"),
        publish_layer(server, {"lib/libx.so": "no library"}),
    ]
    name = server.function({"app.py": SHOW}, Layers=layers)
    said = call(server, name, ["run", "in-layer"]).body
    assert said.startswith("tool ")
    assert said.strip().endswith("/opt/lib") or "merged" in said


def test_python_modules_of_layers_are_found_code_first_then_the_versioned_directory(server: Server) -> None:
    versioned = "python/lib/python3.11/site-packages"
    layer = {
        "python/plain.py": "NAME = 'plain'",
        f"{versioned}/versioned.py": "NAME = 'versioned'",
        "python/both.py": "NAME = 'plain'",
        f"{versioned}/both.py": "NAME = 'versioned'",
        "python/mine.py": "NAME = 'layer'",
        "python/six.py": "NAME = 'layer'",
    }
    name = server.function(
        {"app.py": SHOW, "mine.py": "NAME = 'code'"},
        Layers=[publish_layer(server, layer), publish_layer(server, {"python/other.py": "NAME = 'other'"})],
    )
    expected = {
        "plain": "plain",
        "versioned": "versioned",
        "both": "versioned",
        "mine": "code",
        "six": "layer",
        "other": "other",
    }
    assert {module: call(server, name, ["import", module]).body for module in expected} == expected


def test_a_python_handler_may_live_in_a_layer(server: Server) -> None:
    layer = publish_layer(
        server, {"python/wrapped/inner.py": "def run(event, context):\n    return [event]\n"}
    )
    for handler in ("wrapped.inner.run", "wrapped/inner.run"):
        name = server.function({"unused": ""}, Handler=handler, Layers=[layer])
        assert call(server, name, 1).body == [1]


def bomb() -> bytes:
    """A byte too much, deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("zeros", bytes(262_144_001))
    return buffer.getvalue()


NODE_LAYER: dict[str, str | bytes] = {
    "nodejs/node_modules/plain/index.js": "exports.name = 'plain';",
    "nodejs/node_modules/esm/package.json": '{"type": "module", "exports": "./main.js"}',
    "nodejs/node_modules/esm/main.js": "export const name = 'esm';",
    "nodejs/node_modules/both/index.js": "exports.name = 'unversioned';",
    "nodejs/node20/node_modules/both/index.js": "exports.name = 'versioned';",
    "nodejs/node_modules/wrap-whole/index.js": "exports.handler = async (event) => ['wrapped', event];",
    "nodejs/node_modules/wrap/handler.js": "exports.handler = async (event) => ['wrapped', event];",
}


def test_node_modules_of_layers_are_required(server: Server) -> None:
    code = "const names = ['plain', 'both'].map((one) => require(one).name); exports.handler = async () => names;"
    name = server.function({"app.js": code}, Runtime="nodejs20.x", Layers=[publish_layer(server, NODE_LAYER)])
    assert call(server, name).body == ["plain", "versioned"]


def test_node_modules_of_layers_are_imported_by_es_modules(server: Server) -> None:
    code = """
import { name } from 'esm';
import plain from 'plain';
const both = await import('both');
export const handler = async () => [name, plain.name, both.name];
"""
    name = server.function(
        {"app.mjs": code}, Runtime="nodejs20.x", Layers=[publish_layer(server, NODE_LAYER)]
    )
    answer = call(server, name)
    assert answer.body == ["esm", "plain", "versioned"]
    assert "Warning" not in answer.log


def test_an_es_module_that_is_nowhere_is_told_as_without_layers(shared_server: Server) -> None:
    code = {"app.mjs": "import 'absent';\nexport const handler = async () => 1;"}
    answers = []
    for layers in ([], [publish_layer(shared_server, NODE_LAYER)]):
        name = shared_server.function(code, Runtime="nodejs20.x", Layers=layers)
        body = call(shared_server, name).body
        answers.append((body["errorType"], body["errorMessage"]))
    assert answers[0] == answers[1]
    assert "Cannot find package 'absent'" in answers[0][1]


@pytest.mark.parametrize("handler", ["/opt/nodejs/node_modules/wrap/handler.handler", "wrap-whole.handler"])
def test_a_node_handler_may_live_in_a_layer(server: Server, handler: str) -> None:
    name = server.function(
        {"unused": ""}, Runtime="nodejs20.x", Handler=handler, Layers=[publish_layer(server, NODE_LAYER)]
    )
    assert call(server, name, 2).body == ["wrapped", 2]


def test_a_bootstrap_in_a_layer_runs_and_one_in_the_code_comes_first(server: Server) -> None:
    script = (SAMPLES / "hello-shell" / "bootstrap").read_bytes()
    layer = publish_layer(
        server, {"bootstrap": script.replace(b"Hello from a shell", b"Hello from a layer")}, "bootstrap"
    )
    name = server.function({"unused": ""}, Runtime="provided.al2023", Layers=[layer])
    assert call(server, name, 1).body == {"greeting": "Hello from a layer!", "event": 1}
    own = server.function({"bootstrap": script}, Runtime="provided.al2023", Layers=[layer])
    assert call(server, own, 1).body == {"greeting": "Hello from a shell!", "event": 1}


def test_layers_without_a_bootstrap_are_told_like_none(shared_server: Server) -> None:
    layer = publish_layer(shared_server, {"bootstrap/is-a-directory": ""})
    name = shared_server.function({"unused": ""}, Runtime="provided.al2023", Layers=[layer])
    message = "RequestId: {id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    failed(call(shared_server, name), "Runtime.InvalidEntrypoint", message)


# --- changes ------------------------------------------------------------------------------------------


def test_a_deleted_layer_version_goes_on_working_where_it_is_used(shared_server: Server) -> None:
    client = shared_server.client()
    layer_name = f"l-{uuid.uuid4().hex[:12]}"
    arn = publish_layer(shared_server, {"x": "kept"}, name=layer_name)
    name = shared_server.function({"app.py": SHOW}, Layers=[arn], MemorySize=256)
    client.publish_version(FunctionName=name)
    client.delete_layer_version(LayerName=layer_name, VersionNumber=1)
    with pytest.raises(ClientError, match="The resource you requested does not exist."):
        client.get_layer_version(LayerName=layer_name, VersionNumber=1)
    with pytest.raises(ClientError, match=f"Layer version {arn} does not exist."):
        shared_server.function({"app.py": SHOW}, Layers=[arn])
    change(shared_server, name, MemorySize=512)
    for qualifier in ("$LATEST", "1"):
        assert call(shared_server, name, ["read", "/opt/x"], Qualifier=qualifier).body == ["kept"]
        shown = client.get_function_configuration(FunctionName=name, Qualifier=qualifier)
        assert [layer["Arn"] for layer in shown["Layers"]] == [arn]


def test_a_change_of_layers_ends_the_environments_before(shared_server: Server) -> None:
    one, other = publish_layer(shared_server, {"x": "one"}), publish_layer(shared_server, {"x": "other"})
    name = shared_server.function({"app.py": SHOW}, Layers=[one])
    assert [call(shared_server, name, ["count"]).body for _ in range(2)] == [1, 2]
    assert call(shared_server, name, ["read", "/opt/x"]).body == ["one"]
    change(shared_server, name, Layers=[other])
    assert call(shared_server, name, ["read", "/opt/x"]).body == ["other"]
    assert call(shared_server, name, ["count"]).body == 1
    change(shared_server, name, Layers=[])
    assert call(shared_server, name, ["read", "/opt/x"]).body == ["FileNotFoundError"]


def test_published_versions_keep_their_layers(shared_server: Server) -> None:
    one, other = publish_layer(shared_server, {"x": "one"}), publish_layer(shared_server, {"x": "other"})
    name = shared_server.function({"app.py": SHOW}, Layers=[one])
    shared_server.client().publish_version(FunctionName=name)
    change(shared_server, name, Layers=[other])
    assert call(shared_server, name, ["read", "/opt/x"], Qualifier="1").body == ["one"]
    assert call(shared_server, name, ["read", "/opt/x"]).body == ["other"]


def test_layers_survive_kill_9_at_their_acknowledgement(own_server: Server) -> None:
    first, second = (
        publish_layer(own_server, {"x": "first", "y": "first"}),
        publish_layer(own_server, {"y": "second"}),
    )
    name = own_server.function({"app.py": SHOW}, Layers=[first, second])
    assert call(own_server, name, ["read", "/opt/x", "/opt/y"]).body == ["first", "second"]
    gone = publish_layer(own_server, {"x": "gone"})
    own_server.client().delete_layer_version(LayerName=gone.split(":")[6], VersionNumber=1)
    own_server.client().delete_layer_version(LayerName=first.split(":")[6], VersionNumber=1)
    last = publish_layer(own_server, {"z": "last"})
    own_server.kill()
    with started(own_server.data_dir) as again:
        merged = list((Path(own_server.data_dir) / "code" / "merged").iterdir())
        assert len(merged) == 1
        assert call(again, name, ["read", "/opt/x", "/opt/y"]).body == ["first", "second"]
        listed = {one["LayerArn"] for one in again.client().list_layers()["Layers"]}
        assert listed == {arn.rpartition(":")[0] for arn in (second, last)}
        # The numbers of deleted versions are not given again.
        assert publish_layer(again, {"x": "again"}, name=gone.split(":")[6]).endswith(":2")
        assert len(list((Path(own_server.data_dir) / "code").glob("??/*"))) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip", "Could not unzip uploaded file"),
        (b"", "Uploaded file must be a non-empty zip"),
        (zip_of({"../outside": "x"}), "Could not unzip uploaded file"),
        (bomb(), "Unzipped size must be smaller than 262144000 bytes"),
    ],
    ids=["no zip", "empty", "leads out", "bomb"],
)
def test_bad_archives_are_refused_and_take_no_number(
    shared_server: Server, content: bytes, message: str
) -> None:
    client, name = shared_server.client(), f"l-{uuid.uuid4().hex[:12]}"
    with pytest.raises(ClientError, match=message):
        client.publish_layer_version(LayerName=name, Content={"ZipFile": content})
    assert client.list_layer_versions(LayerName=name)["LayerVersions"] == []
    assert publish_layer(shared_server, {"x": "x"}, name=name).endswith(":1")


def test_the_link_of_a_layer_version_leads_to_its_archive(shared_server: Server) -> None:
    archive = zip_of({"x": "x"})
    answer = shared_server.client().publish_layer_version(
        LayerName=f"l-{uuid.uuid4().hex[:12]}", Content={"ZipFile": archive}
    )
    with urllib.request.urlopen(answer["Content"]["Location"]) as found:
        assert found.read() == archive
