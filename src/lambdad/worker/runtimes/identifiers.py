"""AWS's runtime identifiers that lambdad runs, and what each needs.

An identifier is data here and nowhere else in the worker: its language, the interpreter version it
asks for, the name its interpreter has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What kind of program a runtime starts."""

    PYTHON = "python"
    NODEJS = "nodejs"
    PROVIDED = "provided"


@dataclass(frozen=True, slots=True)
class RuntimeId:
    """A runtime identifier, taken apart.

    Attributes:
        name: AWS's identifier, ``python3.13``.
        version: what the interpreter's version must begin with (``3.13``, ``22``); for provided
            runtimes the operating system (``al2023``).
    """

    name: str
    language: Language
    version: str

    @property
    def program(self) -> str:
        """File name of the interpreter: ``python3.13``, ``node``."""
        return f"python{self.version}" if self.language is Language.PYTHON else "node"

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of an interpreter: ``(3, 13)``, ``(22,)``."""
        return tuple(int(part) for part in self.version.split("."))

    def accepts(self, version: str) -> bool:
        """Whether an interpreter of this exact version runs this runtime (``22`` takes ``22.20.0``)."""
        return version == self.version or version.startswith(self.version + ".")


KNOWN: tuple[RuntimeId, ...] = (
    *(RuntimeId(f"python3.{minor}", Language.PYTHON, f"3.{minor}") for minor in range(9, 15)),
    *(RuntimeId(f"nodejs{major}.x", Language.NODEJS, str(major)) for major in (18, 20, 22, 24)),
    RuntimeId("provided.al2", Language.PROVIDED, "al2"),
    RuntimeId("provided.al2023", Language.PROVIDED, "al2023"),
)
"""Every runtime lambdad runs, in the order `lambdad runtimes` shows."""

BY_NAME: dict[str, RuntimeId] = {runtime.name: runtime for runtime in KNOWN}
