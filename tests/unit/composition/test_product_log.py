"""The server's own log, in the form that machines read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from lambdad.composition import product_log
from lambdad.settings.model import LogFormat, LogLevel


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("lambdad", "asyncio")]
    before = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    yield
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


def test_every_line_is_an_object_with_its_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    product_log.configure(LogLevel.INFO, LogFormat.JSON)
    log = logging.getLogger("lambdad.frontend")
    log.warning("%s is throttled\nand more", "f", extra={"event": "frontend.throttled", "function": "f"})
    try:
        raise ValueError("a defect")
    except ValueError:
        log.exception("it broke", extra={"event": "edge.error", "request_id": "id-1"})
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    log.debug("not shown")
    first, second, third = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "warning",
        "logger": "lambdad.frontend",
        "message": "f is throttled\nand more",
        "event": "frontend.throttled",
        "function": "f",
    }
    assert (second["request_id"], second["exception"].splitlines()[-1]) == ("id-1", "ValueError: a defect")
    assert (third["logger"], third["level"]) == ("asyncio", "error")
