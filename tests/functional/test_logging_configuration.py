"""LoggingConfig with real functions: formats, both levels, a log group of one's own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from calling import call
from logging_runs import kinds, read, run

from tests.running import Server

PYTHON = r"""
import json, logging, sys
log = logging.getLogger()
def handler(event, context):
    for name in ("debug", "info", "warning", "error", "critical"):
        getattr(log, name)("logged")
    for level in ("trace", "debug", "info", "warn", "error", "fatal"):
        print(json.dumps({"level": level, "message": "printed"}))
    print("plain")
    print("no level", file=sys.stderr)
    if event == "fail":
        raise ValueError("on purpose")
"""
PYTHON_FUNCTION: dict[str, Any] = {"files": {"app.py": PYTHON}}


def test_a_json_log_has_events_of_its_levels_from_a_python_function(shared_server: Server) -> None:
    messages = run(shared_server, PYTHON_FUNCTION, {"LogFormat": "JSON"}, until="platform.report")
    assert kinds(messages) == [
        *("platform.initStart", "platform.start"),
        *("logged INFO", "logged WARNING", "logged ERROR", "logged CRITICAL"),
        *("printed info", "printed warn", "printed error", "printed fatal"),
        *("plain", "no level", "platform.report"),
    ]
    init, start, *_, report = [json.loads(one) for one in messages if '"type":"platform' in one]
    assert init["record"]["initializationType"] == "on-demand"
    assert init["record"]["runtimeVersion"].startswith("python")
    assert start["record"].keys() == {"requestId", "version"}
    assert report["record"]["status"] == "success"
    assert report["record"]["metrics"].keys() == {
        *("durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"),
    }


def test_debug_shows_everything(shared_server: Server) -> None:
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "DEBUG"}
    assert kinds(run(shared_server, PYTHON_FUNCTION, config, until="platform.report")) == [
        *("platform.initStart", "platform.initRuntimeDone", "platform.initReport", "platform.start"),
        *("logged DEBUG", "logged INFO", "logged WARNING", "logged ERROR", "logged CRITICAL"),
        *("printed trace", "printed debug", "printed info", "printed warn", "printed error", "printed fatal"),
        *("plain", "no level", "platform.runtimeDone", "platform.report"),
    ]


def test_warnings_show_failures_only(shared_server: Server) -> None:
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "FATAL", "SystemLogLevel": "WARN"}
    assert kinds(run(shared_server, PYTHON_FUNCTION, config, until="no level")) == [
        *("logged CRITICAL", "printed fatal", "plain", "no level"),
    ]
    failed = kinds(run(shared_server, PYTHON_FUNCTION, config, "fail", until="platform.report"))
    assert failed == [
        *("logged CRITICAL", "printed fatal", "plain", "no level"),
        *("platform.runtimeDone", "platform.report"),
    ]


def test_text_is_not_filtered(shared_server: Server) -> None:
    messages = run(shared_server, PYTHON_FUNCTION, {"LogFormat": "Text"}, until="REPORT")
    assert sum('"message": "printed"' in message for message in messages) == 6
    assert [message.split()[0] for message in messages if re.match("(INIT_|START|END|REPORT)", message)] == [
        *("INIT_START", "START", "END", "REPORT"),
    ]


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_a_group_of_ones_own_has_the_functions_name_in_its_streams(
    shared_server: Server, log_format: str
) -> None:
    group = f"/shared/{log_format}"
    name = shared_server.function(
        {
            "app.py": "import os\ndef handler(event, context):\n    return [os.environ['AWS_LAMBDA_LOG_GROUP_NAME'],"
            " context.log_group_name, context.log_stream_name]\n"
        },
        LoggingConfig={"LogFormat": log_format, "LogGroup": group},
    )
    seen_group, context_group, stream = call(shared_server, name).body
    assert (seen_group, context_group) == (group, group)
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/" + name + r"\[\$LATEST\][0-9a-f]{32}", stream)
    read(shared_server, name, group, "REPORT" if log_format == "Text" else "platform.report")
    streams = shared_server.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    assert [one["logStreamName"] for one in streams] == [stream]
