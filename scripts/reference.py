"""Writes docs/reference/cli.md, settings.md and operations.md from the code; --check only compares.

The pages can therefore not say anything else than the program does; tests/style compares as well.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path

import typer.main
from operations_page import operations_page

from lambdad.cli import invoke, serve
from lambdad.cli.app import app
from lambdad.settings.model import simple_settings

PAGES = Path(__file__).parent.parent / "docs" / "reference"
QUICK = {"serve": serve.parser, "invoke": invoke.parser}


def settings_page() -> str:
    """Every setting with its names, unit, default and reason."""
    lines = [
        "# Settings",
        "",
        "<!-- Written by scripts/reference.py from src/lambdad/settings; `make reference` writes it again. -->",
        "",
        "Every setting has one name. It is a key in `lambdad.toml`, a variable `LAMBDAD_…` and an option of",
        "`lambdad serve`; later ones win: defaults < `lambdad.toml` < environment < command line. An unknown",
        "key or variable is an error. `lambdad doctor` shows the effective settings.",
        "",
        "`lambdad.toml` is read from the working directory, or from where `--config` or `LAMBDAD_CONFIG` says.",
        "`LAMBDAD_ENDPOINT` belongs to the client commands, `LAMBDAD_TEST_…` to test suites.",
        "",
    ]
    for name, known in simple_settings().items():
        option = "--" + name.replace("_", "-")
        lines += [f"## {name}", "", known.what, ""]
        lines += [
            f"* variable `LAMBDAD_{name.upper()}`, option `{option}`"
            + (f" / `--no-{option[2:]}`" if known.switch else "")
        ]
        lines += [f"* values: {', '.join(f'`{word}`' for word in known.choices)}"] if known.choices else []
        lines += [f"* unit: {known.unit}"] if known.unit else []
        lines += [f"* default: {known.default}", f"* why: {known.why}", ""]
    return "\n".join(lines + SERVICES + VPCS + FILE_SYSTEMS + KAFKA_CLUSTERS)


SERVICES = [
    "## services",
    "",
    "Points a neighbour service (S3, SQS …) at an endpoint outside lambdad, instead of the companion (see",
    "`neighbours`). Services that lambdad answers itself (`lambda`, `logs`) cannot be pointed elsewhere; a service",
    "that is nowhere answers a clear error.",
    "",
    "```toml",
    "[services.s3]",
    'endpoint = "https://s3.eu-central-1.amazonaws.com"',
    'credentials = "environment"   # or "ACCESS_KEY:SECRET_KEY[:SESSION_TOKEN]"; none forwards the caller\'s',
    'region = "eu-central-1"       # none keeps the caller\'s',
    "verify = true                 # check the TLS certificate",
    "```",
    "",
    "Single members can come from variables: `LAMBDAD_SERVICES_S3_ENDPOINT`, `LAMBDAD_SERVICES_S3_CREDENTIALS`,",
    "`LAMBDAD_SERVICES_S3_REGION`, `LAMBDAD_SERVICES_S3_VERIFY`.",
    "",
]


VPCS = [
    "## vpcs",
    "",
    "The subnets and security groups that exist, by VPC, in every account and region. A function may name them in",
    "`VpcConfig`, which is checked, kept and answered as on AWS; network placement is not offered: the function has",
    "the network of all functions (see `outbound`). Only in `lambdad.toml`.",
    "",
    "```toml",
    "[vpcs.vpc-0a1b2c3d]",
    'subnets = ["subnet-0a1b2c3d", "subnet-0e1f2a3b"]',
    'security_groups = ["sg-0a1b2c3d"]',
    "```",
    "",
]


FILE_SYSTEMS = [
    "## file_systems",
    "",
    "Directories of this host that stand for access points of Amazon EFS, by the access point's ARN. A function that",
    "names one in `FileSystemConfigs` (and a VPC, see `vpcs`) has the directory at its `LocalMountPath`, to read and",
    "to write, together with every other function that names it. There all of them are the directory's owner, which",
    "must not be root; no set-user-ID program and no device works there. A directory must not lie in another one or",
    "in the data directory. Needs sandboxes (not the `process` tier); as root, a file system of the host that can",
    "show other ids (ext4, xfs, btrfs, tmpfs …). Only in `lambdad.toml`.",
    "",
    "```toml",
    "[file_systems]",
    '"arn:aws:elasticfilesystem:eu-central-1:000000000000:access-point/fsap-0123456789abcdef0" = "/srv/shared"',
    "```",
    "",
]


KAFKA_CLUSTERS = [
    "## kafka_clusters",
    "",
    "Where clusters of Amazon MSK are, of which event source mappings know the ARN only: the bootstrap servers, by the",
    "ARN of the cluster. Only in `lambdad.toml`.",
    "",
    "```toml",
    "[kafka_clusters]",
    '"arn:aws:kafka:eu-central-1:000000000000:cluster/c/12345678-abcd-1234-efab-123456789012-1" = "localhost:9092"',
    "```",
    "",
]


def cli_page() -> str:
    """Every command with its arguments and options."""
    lines = [
        "# Command line",
        "",
        "<!-- Written by scripts/reference.py from src/lambdad/cli; `make reference` writes it again. -->",
        "",
        "Exit status: 0 done, 1 failed, 2 wrong usage. Errors are one line on stderr that says what to do.",
        "Client commands find the server by `--endpoint`, `LAMBDAD_ENDPOINT`, or at `http://127.0.0.1:4566`, and",
        "take credentials and region from the usual `AWS_…` variables. `lambdad --version` prints the version.",
        "",
    ]
    group = typer.main.get_group(app)
    for name, command in group.commands.items():
        if name in QUICK:
            lines += _quick(name, QUICK[name]())
        elif hasattr(command, "commands"):
            lines += [f"## lambdad {name}", "", _text(command), ""]
            for inner_name, inner in command.commands.items():
                lines += _command(f"{name} {inner_name}", inner)
        else:
            lines += _command(name, command)
    return "\n".join(lines)


def _quick(name: str, parser: argparse.ArgumentParser) -> list[str]:
    lines = [f"## lambdad {name}", "", str(parser.description), ""]
    if name == "serve":
        lines += ["One option per [setting](settings.md), and:", ""]
    for action in parser._actions:
        if action.dest == "help" or (name == "serve" and action.dest in simple_settings()):
            continue
        word = f" {action.metavar}" if action.nargs != 0 and action.metavar and action.option_strings else ""
        names = ", ".join(f"`{option}{word}`" for option in action.option_strings) or f"`{action.metavar}`"
        lines.append(f"* {names}: {action.help}")
    return [*lines, ""]


def _command(name: str, command: object) -> list[str]:
    lines = [f"## lambdad {name}", "", _text(command), ""]
    for parameter in command.params:  # type: ignore[attr-defined]
        metavar = parameter.metavar or ""
        if parameter.param_type_name == "argument":
            lines.append(f"* `{metavar}`: {parameter.help or ''}".rstrip(": "))
        else:
            word = "" if parameter.is_flag else f" {metavar or parameter.name.upper()}"
            names = ", ".join(f"`{option}{word}`" for option in parameter.opts)
            lines.append(f"* {names}: {parameter.help or ''}".rstrip(": "))
    return [*lines, "", *_examples(command)]


def _examples(command: object) -> list[str]:
    """The examples that end a command's help, as shell lines."""
    found = str(command.epilog or "").splitlines()[2:]  # type: ignore[attr-defined]
    return ["```sh", *(line.strip() for line in found), "```", ""] if found else []


def _text(command: object) -> str:
    return inspect.cleandoc(command.help or "")  # type: ignore[attr-defined]


def main() -> int:
    """Write the pages, or with --check say which differ."""
    pages = {"settings.md": settings_page(), "cli.md": cli_page(), "operations.md": operations_page()}
    stale = [name for name, text in pages.items() if _read(PAGES / name) != text]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: make reference", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (PAGES / name).write_text(pages[name])
        print(f"wrote docs/reference/{name}")
    return 0


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
