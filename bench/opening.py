"""Opening several subjects at once: one that does not start is reported and left out of that part."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.functions import Spec
from bench.plan import Run
from bench.results import Measure
from bench.running import StartError
from bench.subject import Session, Subject


@contextmanager
def folder_for(run: Run, name: str) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=run.scratch))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def opened(
    run: Run, measure: Measure, subjects: Sequence[tuple[Subject, Sequence[Spec]]]
) -> Iterator[dict[str, Session]]:
    """Start subjects with their functions, side by side; by name, without those that did not start."""
    sessions: dict[str, Session] = {}
    with ExitStack() as stack:
        for subject, specs in subjects:
            run.say(f"{measure}: starting {subject.name}")
            folder = stack.enter_context(folder_for(run, subject.name))
            try:
                sessions[subject.name] = stack.enter_context(subject.open(specs, folder))
            except (StartError, OSError) as error:
                run.results.fail(measure, subject.name, "start", error)
        yield sessions
