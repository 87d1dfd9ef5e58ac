"""How our Python client imports code that was compiled ahead: as without it, only sooner."""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lambdad.worker.runtimes.client_tree import CLIENTS, PYTHON_CLIENT

PROGRAM = """
import importlib, json, os, sys
sys.path.insert(0, {client!r})
import lambdad_runtime
sys.path.insert(0, {task!r})
lambdad_runtime._use_prepared_code()
{body}
"""
PREPARED = "FROM = 'byte code'\ndef fail():\n    raise ValueError\n"
SOURCE = "FROM = 'the source'\ndef fail():\n    raise ValueError\n"


class Task:
    """A tree of code beside its byte code; the two differ, so that one sees which was taken."""

    def __init__(self, root: Path) -> None:
        self.root, self.place = root / "task", root / "compiled"
        self.root.mkdir()
        self.place.mkdir()

    def add(self, name: str, source: str = SOURCE, prepared: str | None = PREPARED) -> Path:
        """A source and, unless it is None, the byte code of another; where the byte code is."""
        path, place = self.root / name, self.place / f"{name}c"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        if prepared is not None:
            other = self.place / "other.py"
            other.write_text(prepared)
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(
                str(other), str(place), "/elsewhere/m.py", doraise=True, invalidation_mode=mode
            )
            other.unlink()
        return place

    def run(self, body: str, *options: str, listed: bool = True, **env: str) -> Any:
        """Run statements in a process of the client; what they print, as JSON."""
        program = PROGRAM.format(client=str(CLIENTS), task=str(self.root), body=body)
        variables = {"PYTHONDONTWRITEBYTECODE": "1", **env}
        if listed:
            variables["_LAMBDAD_COMPILED_PATH"] = f"{self.root}:{self.place}"
        ran = subprocess.run(
            [sys.executable, *options, "-c", program],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def origin(self, *options: str, **env: str) -> Any:
        """Where module `m` was taken from."""
        return self.run("import m; print(json.dumps(m.FROM))", *options, **env)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path)


def test_modules_and_packages_come_from_byte_code(task: Task) -> None:
    task.add("m.py")
    task.add("p/__init__.py")
    task.add("p/n.py")
    task.add("bare/n.py")
    shown = "print(json.dumps([importlib.import_module(n).FROM for n in ('m', 'p', 'p.n', 'bare.n')]))"
    assert task.run(shown) == ["byte code"] * 4
    assert task.run(shown, listed=False) == ["the source"] * 4


def test_a_module_without_byte_code_is_compiled(task: Task) -> None:
    task.add("m.py", prepared=None)
    assert task.origin() == "the source"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda code: code[:10], id="only half a head"),
        pytest.param(lambda code: code[:40], id="cut off"),
        pytest.param(lambda code: b"\0\0\r\n" + code[4:], id="of another version"),
        pytest.param(lambda code: code[:4] + bytes(4) + code[8:], id="compared by time"),
        pytest.param(lambda code: code[:16] + b"N", id="no code"),
        pytest.param(lambda code: code[:16] + b"\xff" * 20, id="nonsense"),
    ],
)
def test_byte_code_that_does_not_fit_is_left_alone(task: Task, spoil: Any) -> None:
    place = task.add("m.py")
    place.write_bytes(spoil(place.read_bytes()))
    assert task.origin() == "the source"


@pytest.mark.parametrize("option", ["-O", "-OO", "-Wdefault"])
def test_an_interpreter_that_wants_other_code_or_warnings_compiles(task: Task, option: str) -> None:
    task.add("m.py")
    assert task.origin(option) == "the source"


def test_an_interpreter_with_warnings_asked_for_by_variable_compiles(task: Task) -> None:
    task.add("m.py")
    assert task.origin(PYTHONWARNINGS="error::SyntaxWarning") == "the source"


ATTRIBUTES = """
import inspect, pkgutil, traceback
import m, p, p.n, bare
from importlib import resources
def shown(module):
    spec = module.__spec__
    return [module.__file__, getattr(module, "__cached__", None), module.__package__, spec.name, spec.origin,
            spec.cached, spec.has_location, spec.parent, list(spec.submodule_search_locations or [])]
try:
    m.fail()
except ValueError as error:
    trace = traceback.format_exc()
found = [shown(module) for module in (m, p, p.n)]
found += [inspect.getsource(m), inspect.getsource(m.fail), m.fail.__code__.co_filename, trace]
found += [isinstance(m.__loader__, importlib.machinery.SourceFileLoader), m.__loader__.get_source("m")]
found += [sorted(one.name for one in pkgutil.walk_packages([TASK], "")), bare.__file__ is None, list(bare.__path__)]
found += [importlib.reload(m) is m, resources.files("p").joinpath("data.txt").read_text()]
print(json.dumps(found))
"""


def test_everything_a_module_can_be_asked_is_as_without(task: Task) -> None:
    for name in ("m.py", "p/__init__.py", "p/n.py", "bare/n.py"):
        task.add(name, prepared=SOURCE)
    (task.root / "p" / "data.txt").write_text("data")
    body = ATTRIBUTES.replace("TASK", repr(str(task.root)))
    assert task.run(body) == task.run(body, listed=False)


def test_what_is_no_source_file_is_imported_as_ever(task: Task) -> None:
    task.add("m.py", prepared=None)
    py_compile.compile(str(task.root / "m.py"), str(task.root / "legacy.pyc"), doraise=True)
    packed = "import zipfile; zipfile.ZipFile(z, 'w').writestr('inzip.py', 'FROM = 1'); sys.path.insert(0, z)"
    body = (
        f"z = {str(task.root / 'a.zip')!r}; {packed}; import inzip, legacy; "
        "print(json.dumps([type(inzip.__loader__).__name__, type(legacy.__loader__).__name__]))"
    )
    assert task.run(body) == ["zipimporter", "SourcelessFileLoader"]


def test_a_directory_that_was_looked_into_before_is_looked_into_anew(task: Task) -> None:
    task.add("m.py")
    early = (
        "import os; os.environ['_LAMBDAD_COMPILED_PATH'] = listed; import importlib.util; "
        "importlib.util.find_spec('m'); lambdad_runtime._use_prepared_code(); import m; print(json.dumps(m.FROM))"
    )
    listed = f"listed = {f'{task.root}:{task.place}'!r}; "
    assert task.run(listed + early, listed=False) == "byte code"


def test_child_processes_hear_nothing_of_it(task: Task) -> None:
    assert task.run("print(json.dumps('_LAMBDAD_COMPILED_PATH' in os.environ))") is False


def test_without_byte_code_the_import_system_is_untouched(task: Task) -> None:
    assert task.run("print(json.dumps(len(sys.path_hooks)))", listed=False) == 2


def test_the_client_is_where_this_test_looks_for_it() -> None:
    assert (CLIENTS / PYTHON_CLIENT).is_file()
    assert importlib.util.find_spec("lambdad.worker.ahead.compile_program") is not None
