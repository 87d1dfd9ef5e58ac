"""A template with the code it names, as `aws cloudformation package` and `sam build` make it ready to deploy."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lambdad.cli import packing
from lambdad.cli.dependencies import Target, host_architecture, install, wanted
from lambdad.cli.runtimes import found_here

CODE = re.compile(r"^(\s+CodeUri: )([\w./-]+)$", re.MULTILINE)
RUNTIME = re.compile(r"^  Runtime: .*Default: ((?:python|nodejs)[\w.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """A template and what its parameters are here.

    Attributes:
        folder: where it lies.
        text: YAML, with folders of code.
        interpreter: runs its functions.
        parameters: `Runtime`, one that this host has, and `Architecture`, this host's.
    """

    folder: Path
    text: str
    interpreter: str
    parameters: Mapping[str, str]


class NoRuntime(Exception):
    """This host runs no function of the language; the text says how it would, in one line."""


def read(folder: Path) -> Template:
    """The template of a folder.

    Raises:
        NoRuntime: nothing here runs its functions.
    """
    text = (folder / "template.yaml").read_text("utf-8")
    named = RUNTIME.search(text)
    assert named is not None, folder
    runtime, interpreter = runtime_here(named[1])
    return Template(folder, text, interpreter, {"Runtime": runtime, "Architecture": host_architecture()})


def runtime_here(named: str) -> tuple[str, str]:
    """A runtime of the same language as `named`, and its interpreter: lambdad's own Python, else the newest."""
    language = named.rstrip("0123456789.x")
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    here = {one.runtime: one.interpreter for one in found_here() if one.interpreter}
    found = [runtime for runtime in here if runtime.startswith(language)]
    if not found:
        raise NoRuntime(f"{named} is not on this host: .venv/bin/lambdad runtimes install {named} gets it")
    runtime = own if own in found else max(found, key=_version)
    return runtime, here[runtime]


def archives(template: Template, say: Callable[[str], None]) -> Iterator[tuple[str, bytes]]:
    """Each folder of code once, with what its requirements.txt asks for, as an archive.

    Raises:
        CommandError: pip failed, or there is nothing in the folder.
    """
    target = Target(template.parameters["Runtime"], template.parameters["Architecture"])
    for folder in sorted({found[2] for found in CODE.finditer(template.text)}):
        with tempfile.TemporaryDirectory(prefix="lambdad-demo-") as staged:
            packing.stage(template.folder / folder, Path(staged))
            if file := wanted(Path(staged), target.runtime):
                say(f"fetching what {folder}/{file} asks for, for {target.runtime}")
                install(Path(staged), target, template.interpreter)
            yield folder, packing.pack(Path(staged))


def with_code_in(bucket: str, template: Template) -> str:
    """The template with the archives in S3 in place of the folders."""
    return CODE.sub(rf"\g<1>s3://{bucket}/\g<2>.zip", template.text)


def _version(runtime: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", runtime))
