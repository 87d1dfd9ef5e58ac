"""Documents say what the program does, and nothing else."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from lambdad.cli.app import app
from lambdad.settings import Settings
from lambdad.settings.loading import TABLES
from lambdad.settings.model import About, simple_settings

ROOT = Path(__file__).parents[2]
COMMANDS = typer.main.get_group(app).commands
GUIDES = [
    ROOT / name
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/index.md")
]  # fmt: skip
GUIDES += sorted((ROOT / "docs" / "howto").glob("*.md")) + sorted((ROOT / "docs" / "tutorial").glob("*.md"))


def shell_lines(path):
    """The commands of a document's shell blocks, continued lines joined, here-documents left out."""
    for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
        text = re.sub(r"<<'(\w+)'\n.*?\n\1\n", "\n", block, flags=re.DOTALL).replace("\\\n", " ")
        yield from (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def test_the_generated_reference_pages_are_what_the_code_says():
    script = ROOT / "scripts" / "reference.py"
    ran = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_operation_of_lambda_has_a_test_of_its_own():
    page = (ROOT / "docs" / "reference" / "operations.md").read_text()
    rows = re.findall(r"^\| (\w+) \| `[A-Z]+ [^|]+` \| (?:done|refused) \| (.*)\|$", page, re.MULTILINE)
    assert len(rows) > 90
    assert [operation for operation, tests in rows if not tests.strip()] == []


def test_every_setting_is_explained():
    assert {item.name for item in fields(Settings)} == set(simple_settings()) | {"services"} | set(TABLES)
    for known in simple_settings().values():
        assert isinstance(known, About)
        assert known.what.endswith(".")
        assert known.why.endswith(".")
        assert known.default


def test_settings_in_seconds_say_so():
    for name, known in simple_settings().items():
        assert (known.unit == "seconds") == name.endswith("_s"), name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_explained_and_on_the_reference_page(name):
    assert COMMANDS[name].help
    assert f"\n## lambdad {name}\n" in (ROOT / "docs" / "reference" / "cli.md").read_text()


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_commands_of_lambdad_in_a_guide_exist_with_their_options(path):
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    settings = (ROOT / "docs" / "reference" / "settings.md").read_text()
    for line in shell_lines(path):
        words = shlex.split(line, comments=True)
        if not words or Path(words[0]).name != "lambdad":
            continue
        assert words[1] in COMMANDS or words[1] == "--version", line
        named = [f"\n## lambdad {' '.join(words[1:end])}\n" for end in (3, 2)]
        heading = next(each for each in named if each in page)
        section = page.split(heading, 1)[1].split("\n## ", 1)[0]
        for option in (word for word in words[2:] if word.startswith("-") and len(word) > 1):
            assert f"`{option}" in section or f"`{option}`" in settings, line


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_make_verbs_in_a_guide_exist(path):
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", path.read_text(), re.MULTILINE))
    assert {one or other for one, other in named} <= verbs


@pytest.mark.parametrize("path", [path for path in GUIDES if path.parent == ROOT], ids=lambda path: path.name)
def test_links_to_files_of_the_repository_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_make_without_a_verb_lists_the_verbs():
    ran = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True)
    for verb in ("setup", "run", "test", "lint", "bench", "docs", "models", "soak", "wheel", "clean"):
        assert f"make {verb}" in ran.stdout


def test_dependencies_are_locked_with_hashes():
    for name in ("runtime", "dev", "awscli"):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        pins = [line for line in lines if line and not line.startswith((" ", "#", "-"))]
        assert pins
        assert all("==" in line for line in pins), name
        assert sum("--hash=sha256:" in line for line in lines) >= len(pins), name


def test_botocore_is_pinned_alike_everywhere():
    pins = {
        re.search(r"botocore==([\d.]+)", (ROOT / name).read_text())[1]
        for name in (
            "pyproject.toml",
            "requirements/runtime.in",
            "requirements/runtime.txt",
            "requirements/dev.txt",
        )
    }
    assert len(pins) == 1


def test_every_event_of_the_servers_log_is_explained_and_no_other():
    package = ROOT / "src" / "lambdad"
    logging_sources = [path for path in package.rglob("*.py") if "getLogger" in path.read_text()]
    named = {
        name
        for path in logging_sources
        for name in re.findall(r'"event": "([a-z_]+\.[a-z_]+|[a-z]+_[a-z]+(?:_[a-z]+)*)"', path.read_text())
    }
    page = (ROOT / "docs" / "reference" / "logging.md").read_text().split("## The server's own log")[1]
    explained = {
        name
        for row in re.findall(r"^\| (`[^|]+) \| (?:error|warning|info)", page, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    assert named == explained
