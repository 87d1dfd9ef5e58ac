"""Lambda's own log lines in fewer words, so that one fits a line of a terminal.

Pure; text and JSON say the same here. ``REPORT 8f5077ee  1.23 ms, billed 2 ms, 35 of 128 MB, init 84.00 ms``.

Source: spec runtime-api §8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambdad.cli.log_words import Said

Parts = list[tuple[str, str]]
"""Pieces of a line with the style of each."""

SHORT_ID = 8
"""Characters of a request id that are shown where START has said the whole of it."""
_LONGEST = 4_096
_START = re.compile(r"START RequestId: (?P<requestId>\S+) Version: (?P<version>\S+)")
_END = re.compile(r"END RequestId: (?P<requestId>\S+)")
_REPORT = re.compile(
    r"REPORT RequestId: (?P<requestId>\S+)\tDuration: (?P<durationMs>[\d.]+) ms\t"
    r"Billed Duration: (?P<billedDurationMs>[\d.]+) ms\tMemory Size: (?P<memorySizeMB>\d+) MB\t"
    r"Max Memory Used: (?P<maxMemoryUsedMB>\d+) MB"
    r"(?:\tInit Duration: (?P<initDurationMs>[\d.]+) ms)?"
    r"(?:\tRestore Duration: (?P<restoreDurationMs>[\d.]+) ms)?"
)
_INIT = re.compile(r"INIT_START Runtime Version: (?P<runtimeVersion>\S+)")
_STATUS = re.compile(r"\tStatus: (\w+)(?:\tError Type: ([\w.]+))?")


def platform_parts(said: Said) -> Parts:
    """The pieces of a platform event's line."""
    if said.fields or said.text in {"start", "report"}:
        return _of_event(said.text, dict(said.fields))
    head = said.text[:_LONGEST]
    if found := _START.match(head):
        return _start(found.groupdict())
    if found := _END.match(head):
        return [(f"END    {found['requestId'][:SHORT_ID]}", "dim")]
    if found := _INIT.match(head):
        return [(f"INIT   {found['runtimeVersion']}", "dim")]
    if found := _REPORT.match(head):
        status = _STATUS.search(head)
        ending = {"status": status[1], "errorType": status[2] or ""} if status else {}
        return _report({**{name: value for name, value in found.groupdict().items() if value}, **ending})
    return [(said.text.rstrip().replace("\t", "  "), "red" if said.failed else "dim")]


def _of_event(kind: str, fields: Mapping[str, str]) -> Parts:
    if kind == "start" and "requestId" in fields:
        return _start(fields)
    if kind == "report" and "durationMs" in fields:
        return _report(fields)
    if kind == "initStart" and "runtimeVersion" in fields:
        return [(f"INIT   {fields['runtimeVersion']}", "dim")]
    words = "  ".join(f"{name}={value}" for name, value in fields.items())
    bad = fields.get("status") in {"error", "failure", "timeout"}
    return [(f"{kind}  {words}", "red" if bad else "dim")]


def _start(fields: Mapping[str, str]) -> Parts:
    version = fields.get("version", "$LATEST")
    return [
        (f"START  {fields['requestId']}" + ("" if version == "$LATEST" else f" version {version}"), "dim")
    ]


def _report(fields: Mapping[str, str]) -> Parts:
    words = [f"{fields['durationMs']} ms"]
    if "billedDurationMs" in fields:
        words.append(f"billed {fields['billedDurationMs']} ms")
    if "maxMemoryUsedMB" in fields and "memorySizeMB" in fields:
        words.append(f"{fields['maxMemoryUsedMB']} of {fields['memorySizeMB']} MB")
    for name, word in (("initDurationMs", "init"), ("restoreDurationMs", "restore")):
        if name in fields:
            words.append(f"{word} {fields[name]} ms")
    parts = [(f"REPORT {fields.get('requestId', '')[:SHORT_ID]}  {', '.join(words)}", "dim")]
    status = fields.get("status", "success")
    if status != "success":
        kind = f" {fields['errorType']}" if fields.get("errorType") else ""
        parts.append((f", {status}{kind}", "red"))
    return parts
