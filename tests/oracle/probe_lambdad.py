"""Runs a scenario in lambdad: the agent is the bootstrap of a custom runtime, and its copies are a layer's extensions."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from dataclasses import asdict
from typing import Any

from probe_answers import ASKED, Happened, is_over, lines_of
from probe_emulator import AGENT
from probe_steps import Scenario

from tests.running import Server, zip_of

_OVER_WITHIN_S = 10.0
_FREE_WITHIN_S = 3.0
"""Longer than the timeouts of scenarios in which nobody asks again."""


def play(server: Server, scenario: Scenario) -> tuple[Happened, str]:
    """Play a scenario to its end; also the function's name."""
    name = _deployed(server, scenario)
    happened = Happened([])
    for number, event in enumerate(scenario.events, 1):
        happened.answers.append(_invoke(server, name, event))
        _wait_until_free(server, name, scenario, number)
    if scenario.stop:
        server.client().delete_function(FunctionName=name)
    deadline = time.monotonic() + _OVER_WITHIN_S
    while not is_over(scenario, lines_of(_output(server, name))) and time.monotonic() < deadline:
        time.sleep(0.1)
    happened.lines = lines_of(_output(server, name))
    if not scenario.stop:
        server.client().delete_function(FunctionName=name)
    return happened, name


def _wait_until_free(server: Server, name: str, scenario: Scenario, events: int) -> None:
    """Wait until every actor asks for the next event: one that came earlier would get an environment of its own."""
    deadline = time.monotonic() + _FREE_WITHIN_S
    while time.monotonic() < deadline:
        lines = lines_of(_output(server, name))
        asked = Counter(line["actor"] for line in lines if line["step"] == ASKED)
        if all(asked[actor] > events for actor in scenario.lives):
            time.sleep(0.05)  # What was said has still to be done.
            return
        if any(line["step"] in ("exit", "kill") for line in lines):
            time.sleep(0.3)  # The environment is reset, and takes the next event afterwards.
            return
        time.sleep(0.05)


def _deployed(server: Server, scenario: Scenario) -> str:
    agent = AGENT.read_text()
    files = {"bootstrap": agent, "scenario.json": json.dumps(asdict(scenario))}
    extensions = tuple(f"extensions/{actor}" for actor in scenario.lives if actor != "runtime")
    more: dict[str, Any] = {}
    if extensions:
        layer = server.client().publish_layer_version(
            LayerName=f"probe-{uuid.uuid4().hex[:12]}",
            Content={"ZipFile": zip_of(dict.fromkeys(extensions, agent), executable=extensions)},
        )
        more["Layers"] = [layer["LayerVersionArn"]]
    return server.function(
        files,
        Runtime="provided.al2023",
        Handler="any.handler",
        Timeout=scenario.timeout_s,
        MemorySize=256,
        **more,
    )


def _invoke(server: Server, name: str, event: int) -> bytes:
    client = server.client()
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return bytes(answer["Payload"].read())


def _output(server: Server, name: str) -> str:
    return "\n".join(server.messages(name))
