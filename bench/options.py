"""The options of `python -m bench`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.functions import Kind
from bench.install import PEERS
from bench.plan import FULL, QUICK, Effort
from bench.results import Measure


@dataclass(frozen=True, slots=True)
class Options:
    """What one run is asked to do; `against` is another checkout, None for none."""

    effort: Effort
    measures: tuple[Measure, ...]
    peers: tuple[str, ...]
    against: Path | None
    product: bool
    output: Path
    command: str


def parse(arguments: Sequence[str], root: Path) -> Options:
    """Read the command line; wrong usage ends the program with status 2."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure lambdad, its peers and the loopback floor side by side."
    )
    parser.add_argument("--quick", action="store_true", help="one short round: figures are rough")
    parser.add_argument("--only", default="", metavar="A,B", help=f"of: {', '.join(Measure)}")
    parser.add_argument("--functions", default="", metavar="A,B", help=f"of: {', '.join(Kind)}")
    parser.add_argument("--peers", default="all", metavar="A,B|none", help=f"of: {', '.join(PEERS)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of the warm measure")
    parser.add_argument("--seconds", type=float, metavar="S", help="length of one burst of load")
    parser.add_argument("--against", type=Path, metavar="PATH", help="another checkout, measured interleaved")
    parser.add_argument("--no-product", action="store_true", help="peers and floor only")
    parser.add_argument("--output", type=Path, default=root / "bench" / "results", metavar="DIR")
    given = parser.parse_args(arguments)
    effort = QUICK if given.quick else FULL
    try:
        kinds = tuple(Kind(word) for word in _words(given.functions)) or tuple(Kind)
        measures = tuple(Measure(word) for word in _words(given.only)) or tuple(Measure)
    except ValueError as error:
        parser.error(str(error))
    peers = PEERS if given.peers == "all" else tuple(word for word in _words(given.peers) if word != "none")
    return Options(
        effort=replace(
            effort,
            kinds=kinds,
            rounds=given.rounds or effort.rounds,
            seconds=given.seconds or effort.seconds,
        ),
        measures=measures,
        peers=peers,
        against=given.against.resolve() if given.against else None,
        product=not given.no_product,
        output=given.output,
        command=" ".join(["python -m bench", *arguments]),
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
