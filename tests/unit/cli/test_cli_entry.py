"""The first thing that runs: quick where it must be, and one line when something is wrong."""

import subprocess
import sys

import pytest

from lambdad import __version__

HEAVY = {"typer", "rich", "botocore", "boto3", "click"}


def modules_after(*arguments):
    """Top-level modules in memory after `lambdad ARGUMENTS` has run in a process of its own."""
    program = (
        "import sys\nfrom lambdad.cli.entry import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print('MODULES', *{name.split('.')[0] for name in sys.modules})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": "/nonexistent", "LAMBDAD_ENDPOINT": "http://127.0.0.1:1"},
    )
    return set(ran.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_answered(lambdad, flag):
    ran = lambdad(flag)
    assert (ran.status, ran.out) == (0, f"lambdad {__version__}\n")


def test_the_version_needs_next_to_nothing():
    assert not modules_after("--version") & (HEAVY | {"argparse", "asyncio", "http"})


@pytest.mark.parametrize("arguments", [["invoke", "f"], ["invoke", "--help"], ["serve", "--help"]])
def test_quick_commands_import_neither_typer_nor_an_aws_sdk(arguments):
    assert not modules_after(*arguments) & (HEAVY | {"asyncio"})


def test_without_arguments_the_commands_are_shown(lambdad):
    ran = lambdad()
    assert "deploy" in ran.out + ran.err
    assert "doctor" in ran.out + ran.err


def test_help_lists_every_command(lambdad):
    ran = lambdad("--help")
    assert ran.status == 0
    for command in ("serve", "invoke", "deploy", "logs", "ls", "rm", "doctor", "runtimes", "status"):
        assert f"\n  {command} " in ran.out


def test_an_unknown_command_is_wrong_usage(lambdad):
    ran = lambdad("fly")
    assert ran.status == 2
    assert "fly" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "host = 0.0.0.0 is refused"),
        (["--port", "many"], "--port must be a whole number, not 'many'"),
        (["--config", "/nowhere.toml"], "/nowhere.toml: no such file"),
        (["--require-isolation", "magic"], "--require-isolation must be one of none, process"),
    ],
)
def test_serve_refuses_settings_in_one_line(lambdad, arguments, said):
    ran = lambdad("serve", *arguments)
    assert ran.status == 2
    assert ran.err.startswith(f"lambdad: {said}")
    assert ran.err.count("\n") == 1


def test_serve_names_every_problem_on_a_line_of_its_own(lambdad):
    ran = lambdad("serve", "--host", "0.0.0.0", "--port", "70000")
    assert [line.split(" ")[1] for line in ran.err.splitlines()] == ["host", "port"]


def test_serve_has_an_option_for_every_setting(lambdad):
    from lambdad.settings.model import simple_settings

    out = lambdad("serve", "--help").out
    assert all("--" + name.replace("_", "-") in out for name in simple_settings())


def test_serve_hands_the_effective_settings_to_the_server(monkeypatch):
    from lambdad.cli.serve import settings_from

    monkeypatch.setenv("LAMBDAD_PORT", "1")
    monkeypatch.setenv("LAMBDAD_DRAIN_S", "5")
    settings = settings_from(["--port", "0", "--no-outbound", "--data-dir", ":memory:"])
    assert (settings.port, settings.drain_s, settings.outbound, settings.data_dir) == (0, 5.0, False, None)
