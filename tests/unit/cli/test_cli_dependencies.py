"""Which installer runs, with what, for which target."""

import sys
import zipfile

import pytest

from lambdad.cli import dependencies
from lambdad.cli.dependencies import Target, host_architecture, install, pip_command, wanted
from lambdad.cli.errors import CommandError

HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"


def test_a_folder_that_asks_for_nothing_installs_nothing(tmp_path):
    assert wanted(tmp_path, "python3.12") is None
    (tmp_path / "requirements.txt").write_text("# nothing yet\n\n")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    assert wanted(tmp_path, "python3.12") is None
    assert wanted(tmp_path, "nodejs20.x") is None


def test_only_the_file_of_the_runtime_counts(tmp_path):
    (tmp_path / "requirements.txt").write_text("six\n")
    (tmp_path / "package.json").write_text('{"dependencies": {"ms": "2"}}')
    assert wanted(tmp_path, "python3.12") == "requirements.txt"
    assert wanted(tmp_path, "nodejs20.x") == "package.json"
    assert wanted(tmp_path, "provided.al2023") is None


def test_a_package_json_that_is_not_json_is_an_error(tmp_path):
    (tmp_path / "package.json").write_text("{")
    with pytest.raises(CommandError, match=r"package\.json is not JSON"):
        wanted(tmp_path, "nodejs20.x")


def test_an_interpreter_of_the_targets_version_installs_as_usual(tmp_path):
    command = pip_command(tmp_path, Target(HERE, host_architecture()), local=sys.executable)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert "--platform" not in command


def test_without_one_only_wheels_of_the_targets_platform_are_taken(tmp_path):
    command = pip_command(tmp_path, Target("python3.9", "x86_64"))
    assert "--only-binary=:all:" in command
    assert command[command.index("--python-version") + 1] == "3.9"
    assert "manylinux2014_x86_64" in command
    assert "cp39" in command


def test_another_processor_is_a_cross_installation_even_with_the_interpreter(tmp_path):
    other = "x86_64" if host_architecture() == "arm64" else "arm64"
    command = pip_command(tmp_path, Target(HERE, other), local=sys.executable)
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[other]
    assert f"manylinux2014_{machine}" in command


@pytest.mark.parametrize(
    ("machine", "word"), [("x86_64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")]
)
def test_processors_have_awss_names(machine, word):
    assert host_architecture(machine) == word


def wheel(folder):
    """A package as a wheel, so that nothing is downloaded to build it."""
    path = folder / "greeting-1-py3-none-any.whl"
    info = "greeting-1.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("greeting.py", "WORD = 'hi'\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"greeting.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")
    return path


@pytest.mark.parametrize("local", [pytest.param(sys.executable, marks=pytest.mark.full), None])
def test_a_package_is_installed_for_real(tmp_path, local):
    function = tmp_path / "function"
    function.mkdir()
    (function / "requirements.txt").write_text(f"{wheel(tmp_path)}\n")
    install(function, Target(HERE, host_architecture()), local)
    assert (function / "greeting.py").read_text() == "WORD = 'hi'\n"


def test_a_failed_installation_gives_pips_reason(tmp_path):
    (tmp_path / "requirements.txt").write_text("./no-such-package\n")
    with pytest.raises(CommandError, match=r"installing requirements.txt failed: ERROR: .*no-such-package"):
        install(tmp_path, Target(HERE, host_architecture()), sys.executable)


def test_a_missing_npm_is_said_with_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "package.json").write_text('{"dependencies": {"ms": "2"}}')
    monkeypatch.setattr(dependencies.shutil, "which", lambda _: None)
    with pytest.raises(CommandError, match="needs npm"):
        install(tmp_path, Target("nodejs20.x"))


def test_a_lock_file_is_followed_to_the_letter(tmp_path, monkeypatch):
    monkeypatch.setattr(dependencies.shutil, "which", lambda _: "/usr/bin/npm")
    assert dependencies.npm_command(tmp_path)[1] == "install"
    (tmp_path / "package-lock.json").write_text("{}")
    assert dependencies.npm_command(tmp_path)[:3] == ["/usr/bin/npm", "ci", "--omit=dev"]
