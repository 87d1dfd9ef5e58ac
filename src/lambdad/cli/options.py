"""Options that several commands share, each written once."""

from __future__ import annotations

from typing import Annotated

import typer


def examples(*lines: str) -> str:
    """The end of a command's help: lines that can be typed as they stand."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="URL", help="default: $LAMBDAD_ENDPOINT or http://127.0.0.1:4566"),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="default: $AWS_REGION or us-east-1")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="DIR", help="default: as `lambdad serve` takes it")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="function name, name:qualifier or ARN")]
