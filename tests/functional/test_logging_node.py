"""LoggingConfig with functions for Node.js."""

from __future__ import annotations

from typing import Any

from logging_runs import kinds, run

from tests.running import Server

NODE = r"""
exports.handler = async () => {
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) console[level]('logged');
  console.log('by log');
  process.stdout.write('plain\n');
};
"""
NODE_FUNCTION: dict[str, Any] = {"files": {"app.js": NODE}, "Runtime": "nodejs20.x"}


def test_a_node_function_logs_by_the_same_levels(shared_server: Server) -> None:
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}
    assert kinds(run(shared_server, NODE_FUNCTION, config, until="platform.report")) == [
        *("platform.initStart", "platform.start"),
        *("logged WARN", "logged ERROR", "logged FATAL", "plain", "platform.report"),
    ]
