"""From a runtime identifier to what starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.runtimes.catalogue import RuntimeCatalogue
from lambdad.worker.runtimes.install import install

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
OURS = f"python{MINOR}"


@pytest.fixture
def catalogue(tmp_path: Path) -> RuntimeCatalogue:
    """A host with exactly one interpreter: the one that runs this test."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / OURS).symlink_to(Path(sys._base_executable).resolve())
    return RuntimeCatalogue(tmp_path / "home", {"HOME": str(tmp_path), "PATH": str(programs)})


def test_a_python_runtime_shows_its_tree_where_aws_has_it(catalogue: RuntimeCatalogue) -> None:
    launch = catalogue.launch(OURS)
    targets = {mount.target: mount.source for mount in launch.mounts}
    assert launch.argv[0] == f"/var/lang/bin/{OURS}"
    assert (targets["/var/lang"] / "bin" / OURS).exists()
    assert launch.own_client
    assert launch.version.startswith(f"python:{MINOR}.v")


def test_the_compiled_client_and_the_sdk_lie_under_var_runtime(catalogue: RuntimeCatalogue) -> None:
    launch = catalogue.launch(OURS)
    tree = next(mount.source for mount in launch.mounts if mount.target == "/var/runtime")
    client = tree / Path(launch.argv[-1]).relative_to("/var/runtime")
    assert client.suffix == ".pyc"
    assert client.is_file()
    code = f"import sys; sys.path.insert(0, {str(tree)!r}); import boto3; print(boto3.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith(str(tree))


def test_everything_under_var_runtime_is_readable_by_the_user_of_the_sandbox(
    catalogue: RuntimeCatalogue,
) -> None:
    launch = catalogue.launch(OURS)
    tree = next(mount.source for mount in launch.mounts if mount.target == "/var/runtime")
    assert [path for path in tree.rglob("*") if path.stat().st_mode & 0o004 == 0 or path.is_symlink()] == []


def test_a_launch_is_made_once(catalogue: RuntimeCatalogue) -> None:
    assert catalogue.launch(OURS) is catalogue.launch(OURS)


def test_a_missing_interpreter_is_an_error_that_names_the_command(catalogue: RuntimeCatalogue) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"lambdad runtimes install nodejs22\.x$"):
        catalogue.launch("nodejs22.x")


def test_an_unknown_runtime_is_an_error_that_lists_the_known(catalogue: RuntimeCatalogue) -> None:
    with pytest.raises(
        EnvironmentUnavailable, match=r"does not run java21; it runs python3\.9.*provided\.al2023"
    ):
        catalogue.launch("java21")


@pytest.mark.parametrize("runtime", ["provided.al2", "provided.al2023"])
def test_a_provided_runtime_starts_the_functions_bootstrap(catalogue: RuntimeCatalogue, runtime: str) -> None:
    launch = catalogue.launch(runtime)
    assert launch.argv == ("/var/task/bootstrap",)
    assert launch.mounts == ()
    assert not launch.own_client


def test_status_gives_an_interpreter_or_a_remedy_for_each_runtime(catalogue: RuntimeCatalogue) -> None:
    by_name = {status.runtime: status for status in catalogue.status()}
    assert by_name[OURS].remedy is None
    assert by_name["nodejs18.x"].remedy == "lambdad runtimes install nodejs18.x"
    assert all((status.interpreter is None) == (status.remedy is not None) for status in by_name.values())


def test_installing_a_provided_runtime_says_that_nothing_is_needed(tmp_path: Path) -> None:
    said: list[str] = []
    install("provided.al2023", said.append, tmp_path / "home")
    assert said == ["provided.al2023 needs nothing: the function brings its own bootstrap"]


def test_installing_an_unknown_runtime_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnavailable, match="cobol85: unknown"):
        install("cobol85", home=tmp_path)
