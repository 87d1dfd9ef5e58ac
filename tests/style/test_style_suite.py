"""What the test runner leaves out on a machine that lacks something."""

import importlib.util
import sys
from pathlib import Path

from bench.install import VERSIONS

ROOT = Path(__file__).parents[2]


def runner():
    spec = importlib.util.spec_from_file_location("lambdad_test_runner", ROOT / "scripts" / "test.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_complete_machine_leaves_nothing_out():
    assert runner().missing(which=lambda program: f"/usr/bin/{program}", root=True) == []


def test_without_root_what_needs_it_is_left_out_by_its_marker():
    left_out = runner().missing(which=lambda program: f"/usr/bin/{program}", root=False)
    assert [one.options() for one in left_out] == [["-m", "not root"]]


def test_a_missing_program_leaves_out_the_files_that_run_it():
    left_out = runner().missing(which=lambda program: None if program == "cc" else "/bin/x", root=True)
    assert [one.why for one in left_out] == ["cc is not installed"]
    assert "tests/functional/test_functions_provided.py" in left_out[0].options()


def test_the_files_named_exist():
    named = {file for files in runner().NEEDS.values() for file in files}
    assert {file for file in named if not (ROOT / file).exists()} == set()


def test_tests_and_bench_have_the_same_ministack():
    locked = (ROOT / "src" / "lambdad" / "neighbours" / "companion" / "requirements.txt").read_text()
    assert f"\nministack=={VERSIONS['ministack']} \\\n" in locked
