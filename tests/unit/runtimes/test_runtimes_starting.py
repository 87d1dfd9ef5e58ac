"""What a function's code, layers and variables change about how its runtime starts."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.runtimes.starting import as_configured
from lambdad.worker.sandbox.plan import Mount
from tests.fakes.worker import version_of

MANAGED = RuntimeLaunch(("/bin/echo", "runtime", "-x"), (), {}, "v", own_client=True)
PROVIDED = RuntimeLaunch(
    ("/var/task/bootstrap",),
    (),
    {},
    "v",
    own_client=False,
    programs=("/var/task/bootstrap", "/opt/bootstrap"),
    takes_wrapper=False,
)


@pytest.fixture
def mounts(tmp_path: Path) -> tuple[Mount, Mount]:
    (tmp_path / "task").mkdir()
    (tmp_path / "layers").mkdir()
    return Mount(tmp_path / "task", "/var/task"), Mount(tmp_path / "layers", "/opt")


def wrapped(wrapper: str | None) -> object:
    return replace(
        version_of(), environment=None if wrapper is None else {"AWS_LAMBDA_EXEC_WRAPPER": wrapper}
    )


@pytest.mark.parametrize(
    ("present", "started"),
    [
        ([], "/var/task/bootstrap"),
        (["task"], "/var/task/bootstrap"),
        (["layers"], "/opt/bootstrap"),
        (["task", "layers"], "/var/task/bootstrap"),
    ],
)
def test_the_first_bootstrap_that_exists_is_started(tmp_path, mounts, present, started):
    for folder in present:
        (tmp_path / folder / "bootstrap").write_text("")
    assert as_configured(PROVIDED, version_of(), mounts).argv == (started,)


def test_a_directory_is_no_bootstrap(tmp_path, mounts):
    (tmp_path / "task" / "bootstrap").mkdir()
    (tmp_path / "layers" / "bootstrap").write_text("")
    assert as_configured(PROVIDED, version_of(), mounts).argv == ("/opt/bootstrap",)


@pytest.mark.parametrize("wrapper", [None, ""])
def test_without_a_wrapper_the_launch_is_the_runtimes_own(mounts, wrapper):
    assert as_configured(MANAGED, wrapped(wrapper), mounts) is MANAGED


def test_provided_runtimes_take_no_wrapper(mounts):
    assert as_configured(PROVIDED, wrapped("/opt/wrapper"), mounts) == PROVIDED


def run(argv: tuple[str, ...]) -> tuple[int, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_wrapper_gets_the_command_as_its_arguments(tmp_path, mounts):
    wrapper = tmp_path / "with space"
    wrapper.write_text('#!/bin/sh\necho wrapped\nexec "$@"\n')
    wrapper.chmod(0o755)
    argv = as_configured(MANAGED, wrapped(str(wrapper)), mounts).argv
    assert run(argv) == (0, "wrapped\nruntime -x\n")
    wrapper.chmod(0o644)
    assert run(argv) == (126, f"{wrapper}: is not an executable\n")
    wrapper.unlink()
    assert run(argv) == (127, f"{wrapper}: does not exist\n")


@pytest.mark.parametrize("wrapper", ["$(touch {})", "'; touch {}; '", "-x"])
def test_a_wrappers_name_is_never_read_by_the_shell(tmp_path, mounts, wrapper):
    name = wrapper.format(tmp_path / "made")
    assert run(as_configured(MANAGED, wrapped(name), mounts).argv) == (127, f"{name}: does not exist\n")
    assert not (tmp_path / "made").exists()
