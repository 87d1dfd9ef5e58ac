"""Byte code is made of real functions in real sandboxes, used by them, and hostile sources spoil nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from calling import call, publish_layer, started

from tests.running import Server, zip_of

FILLER = "".join(f"def f{number}(a, b=1):\n    return [a, b, {number}]\n" for number in range(100))
APP = """
import os, sys
import lib
def loaded(name):
    return type(sys.modules[name].__loader__).__name__
def handler(event, context):
    if event == "tree":
        return {"task": sorted(os.listdir("/var/task")), "shown": sorted(
            os.path.join(top, name) for top, _, names in os.walk("/var/compiled") for name in names)}
    if event == "write":
        try:
            open("/var/compiled/task/lib.pyc", "wb")
        except OSError as error:
            return error.strerror
    if event == "import":
        import layered
        return layered.__file__, loaded("layered"), layered.f1.__code__.co_filename
    return lib.f1(1), loaded("lib"), loaded(__name__)
"""
# Every level doubles what is compiled: 2 to the power of 18 copies of the innermost statement.
BOMB = (
    "def f():\n"
    + "".join(f"{' ' * n}try: pass\n{' ' * n}finally:\n" for n in range(1, 19))
    + " " * 19
    + "f(1)\n"
)


@pytest.fixture(scope="module")
def server(server_of_each_tier: Server) -> Server:
    return server_of_each_tier


def code_of(server: Server, name: str) -> list[Path]:
    """The byte code there is of a function's own code, once there is any (or after a while)."""
    location = server.client().get_function(FunctionName=name)["Code"]["Location"]
    key = location.split("/code/")[1].split(".zip")[0]
    place = Path(server.data_dir) / "code" / "compiled" / key
    deadline = time.monotonic() + 30
    while not list(place.glob("*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return sorted(path for path in place.rglob("*") if path.is_file())


def layers_compiled(server: Server, count: int) -> None:
    place = Path(server.data_dir) / "code" / "compiled"
    deadline = time.monotonic() + 30
    while len(list(place.glob("*/*"))) < count and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_function_imports_what_was_compiled_when_it_was_created(server: Server) -> None:
    name = server.function({"app.py": APP, "lib.py": FILLER})
    assert [path.name for path in code_of(server, name)] == ["app.pyc", "lib.pyc"]
    assert call(server, name).body == [[1, 1, 1], "PreparedCodeLoader", "PreparedCodeLoader"]


def test_an_update_of_the_code_has_the_new_code_compiled(shared_server: Server) -> None:
    client = shared_server.client()
    name = shared_server.function({"app.py": APP, "lib.py": FILLER + "OLD = 1\n"})
    old = code_of(shared_server, name)
    new = zip_of({"app.py": APP, "lib.py": FILLER.replace("[a, b", "['new', b")})
    client.update_function_code(FunctionName=name, ZipFile=new)
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    assert code_of(shared_server, name) != old
    assert call(shared_server, name).body == [["new", 1, 1], "PreparedCodeLoader", "PreparedCodeLoader"]


def test_layers_are_compiled_and_their_code_says_where_functions_have_it(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        first = publish_layer(server, {"python/layered.py": FILLER})
        second = publish_layer(server, {"python/other.py": FILLER})
        for number, layers in enumerate(([first], [first, second])):
            name = server.function({"app.py": APP, "lib.py": FILLER}, Layers=layers)
            layers_compiled(server, 2 + number)
            file = "/opt/python/layered.py"
            assert call(server, name, "import").body == [file, "PreparedCodeLoader", file]


def test_nothing_of_the_task_root_changes_and_a_function_sees_and_changes_only_its_own(
    shared_server: Server,
) -> None:
    names = [
        shared_server.function({"app.py": APP, "lib.py": FILLER, f"own{number}.py": "X = 1\n"})
        for number in range(2)
    ]
    for number, name in enumerate(names):
        code_of(shared_server, name)
        assert call(shared_server, name, "tree").body == {
            "task": ["app.py", "lib.py", f"own{number}.py"],
            "shown": [f"/var/compiled/task/{one}.pyc" for one in ("app", "lib", f"own{number}")],
        }
        assert call(shared_server, name, "write").body == "Read-only file system"


def test_byte_code_outlives_the_server_and_what_is_lost_is_made_again_by_a_start(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        kept = server.function({"app.py": APP, "lib.py": FILLER})
        lost = server.function({"app.py": APP, "lib.py": FILLER + "LOST = 1\n"})
        code_of(server, kept)
        for path in code_of(server, lost):
            path.unlink()
        path.parent.rmdir()
        server.kill()
        again = server.again()
        try:
            assert call(again, kept).body[1] == "PreparedCodeLoader"
            assert call(again, lost).body == [[1, 1, 1], "SourceFileLoader", "SourceFileLoader"]
            assert [one.name for one in code_of(again, lost)] == ["app.pyc", "lib.pyc"]
            again.client().update_function_configuration(FunctionName=lost, Description="anew")
            again.client().get_waiter("function_updated_v2").wait(FunctionName=lost)
            assert call(again, lost).body[1] == "PreparedCodeLoader"
        finally:
            again.stop()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("x = " + "(" * 90_000 + ")" * 90_000, id="deep nesting"),
        pytest.param("x = " + "-" * 500_000 + "1", id="deep operators"),
        pytest.param("x = [\n" + "'a' * 10, b'c',\n" * 3_200_000 + "]\n", id="50 MB", marks=pytest.mark.full),
        pytest.param(b"\xff\xfe\x00 not text", id="no text"),
        pytest.param("x = 'a' is 1\n", id="a warning"),
        pytest.param(BOMB, id="far too much code"),
    ],
)
def test_a_hostile_file_is_left_out_and_the_others_are_compiled(
    shared_server: Server, content: str | bytes
) -> None:
    name = shared_server.function({"app.py": APP, "lib.py": FILLER, "hostile.py": content})
    assert [path.name for path in code_of(shared_server, name)] == ["app.pyc", "lib.pyc"]
    assert call(shared_server, name).body == [[1, 1, 1], "PreparedCodeLoader", "PreparedCodeLoader"]
