"""What every source file keeps to, whoever wrote it."""

import ast
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "lambdad"
CLIENTS = PACKAGE / "worker" / "runtimes" / "clients"
SOURCES = sorted(PACKAGE.rglob("*.py"))
CHECKED = [path for path in SOURCES if CLIENTS not in path.parents]
MAX_LINES = 500
MEDIAN_LINES = 160
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "common", "base", "misc", "tools"}
HEAVY = {"botocore", "boto3", "typer", "rich"}


def name_of(path):
    return str(path.relative_to(ROOT))


def lines_of(path):
    return len(path.read_text().splitlines())


def without_docstring(path):
    """Public modules, classes and functions of a file that have no docstring, by dotted name."""
    tree = ast.parse(path.read_text())
    found = [] if ast.get_docstring(tree) else ["<module>"]
    pending = [("", node) for node in tree.body]
    while pending:
        prefix, node = pending.pop()
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        overloaded = any("override" in ast.unparse(one) for one in node.decorator_list)
        if not ast.get_docstring(node) and not overloaded:
            found.append(prefix + node.name)
        if isinstance(node, ast.ClassDef):
            pending += [(f"{prefix}{node.name}.", inner) for inner in node.body]
    return found


@pytest.mark.parametrize("path", CHECKED, ids=name_of)
def test_everything_public_has_a_docstring(path):
    if path.name != "__init__.py" or path.read_text().strip():
        assert without_docstring(path) == []


def test_no_file_is_longer_than_a_reader_can_hold():
    # The runtime clients are single files on purpose: they are shown to functions as one.
    assert {name_of(path): lines_of(path) for path in CHECKED if lines_of(path) > MAX_LINES} == {}


def test_files_are_small_as_a_rule():
    assert median(lines_of(path) for path in SOURCES if path.name != "__init__.py") <= MEDIAN_LINES


def test_modules_are_named_after_what_they_contain():
    parts = {name_of(path): set(path.relative_to(PACKAGE).with_suffix("").parts) for path in SOURCES}
    assert {name for name, words in parts.items() if words & NAMES_THAT_SAY_NOTHING} == set()


def test_no_module_shadows_the_standard_library_at_the_top():
    tops = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert (tops - {"__init__", "__pycache__"}) & sys.stdlib_module_names == set()


def test_there_are_no_notes_to_ourselves():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
    assert [name_of(path) for path in SOURCES if any(mark in path.read_text() for mark in marks)] == []


def test_the_start_of_the_server_imports_nothing_heavy():
    program = (
        "import sys, lambdad.composition.life, lambdad.composition.parts\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) & HEAVY == set()


def test_the_launcher_is_started_before_most_of_the_server_is_imported():
    program = "import sys, lambdad.composition.life\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "lambdad.worker.sandbox.factory" in loaded
    assert "lambdad.composition.parts" not in loaded
