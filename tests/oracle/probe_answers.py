"""What a scenario brought forth, in a form in which two implementations can be compared.

Before: `probe_emulator` or `probe_lambdad` has run it. After: `test_oracle` compares. What differs from run to
run (ids, times) and from account to account is replaced by names.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from probe_steps import Scenario

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_FIXED = ("00000000-0000-0000-0000-000000000000", "11111111-2222-3333-4444-555555555555")
_SHOWN = 600
_TRACE_HEADER = "lambda-runtime-trace-id"
_TRACING = re.compile(r',"tracing":\{"type":"X-Amzn-Trace-Id","value":"Root=[^"]+"\}')
"""AWS gives every event a trace (spec of the Runtime API §2, §3); the emulator has none to give."""
ASKED = "asked"
"""The agent's word before every `next`; it tells when the environment may be given another event."""
_SILENT = ("hang", "touch", "wait", "pause", "trap")

Line = dict[str, Any]


@dataclass
class Happened:
    """The agents' lines and the bodies that the caller received."""

    lines: list[Line]
    answers: list[bytes] = field(default_factory=list)


def lines_of(text: str) -> list[Line]:
    """The agents' lines in an environment's output, oldest first."""
    found = [json.loads(match[1]) for match in re.finditer(r"PROBE (\{.*\})", text)]
    return sorted(found, key=lambda line: float(line["at"]))


def is_over(scenario: Scenario, lines: list[Line]) -> bool:
    """Whether every actor that was started has reported the last step of its latest life."""
    seen = {f"{line['actor']} {line['life']}: {line['step']}" for line in lines}
    latest: dict[str, int] = {}
    for line in lines:
        latest[line["actor"]] = max(latest.get(line["actor"], 0), line["life"])
    for actor, life in latest.items():
        steps = scenario.lives[actor][min(life, len(scenario.lives[actor])) - 1]
        told = [step for step in steps if next(iter(step)) not in _SILENT]
        if told and f"{actor} {life}: {_label(told[-1])}" not in seen:
            return False
    return all(step in seen for step in scenario.last)


def _label(step: dict[str, Any]) -> str:
    kind = next(iter(step))
    return kind if kind in ("exit", "kill") else str(step[kind])


def comparable(scenario: Scenario, happened: Happened, function: str) -> dict[str, str]:
    """One text per step and per answer to the caller."""
    names = _Names(function, happened.lines)
    found: dict[str, str] = {}
    times: Counter[str] = Counter()
    told = [line for line in happened.lines if line["step"] != ASKED]
    for line in sorted(told, key=lambda line: (line["actor"] != "runtime", line["actor"], line["at"])):
        key = f"{line['actor']} {line['life']}: {line['step']}"
        times[key] += 1
        found[key if times[key] == 1 else f"{key} #{times[key]}"] = names.in_text(_told(line))
    for number, body in enumerate(happened.answers, 1):
        found[f"caller {number}"] = names.in_text(_short(body.decode("utf-8", "backslashreplace")))
    if scenario.order:
        steps = [f"{line['actor']}: {line['step']}" for line in happened.lines]
        found["order"] = " < ".join(step for step in steps if step in scenario.order)
    return found


def _told(line: Line) -> str:
    if "status" not in line:
        told = {key: value for key, value in line.items() if key not in ("actor", "life", "step", "at")}
        return " ".join(key if value is True else f"{key}={value}" for key, value in told.items())
    headers = " ".join(
        f"{key}={value}" for key, value in sorted(line["headers"].items()) if key != _TRACE_HEADER
    )
    body = _TRACING.sub("", line["body"])
    return f"{line['status']} {body} [{headers}]".replace(" []", "")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:40]}…{len(text)}"


class _Names:
    """Gives ids short names: requests by number, extensions and their events by kind."""

    def __init__(self, function: str, lines: list[Line]) -> None:
        self._function = function
        told = [line["headers"] for line in lines if "headers" in line]
        self._extensions = {headers.get("lambda-extension-identifier") for headers in told}
        self._events = {headers.get("lambda-extension-event-identifier") for headers in told}
        self._requests: dict[str, str] = {}

    def in_text(self, text: str) -> str:
        text = text.replace(self._function, "probe")
        text = re.sub(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:", "arn:", text)
        text = re.sub(r"(deadline-?ms\W{1,2})\d+", r"\1<ms>", text, flags=re.IGNORECASE)
        return _UUID.sub(self._name, text)

    def _name(self, match: re.Match[str]) -> str:
        found = match[0]
        if found in _FIXED:
            return found
        if found in self._extensions:
            return "<extension>"
        if found in self._events:
            return "<event>"
        return self._requests.setdefault(found, f"<request {len(self._requests) + 1}>")
