"""The operations somebody has looked at, beside those the pinned botocore has.

`make models` raises botocore and then runs `python -m lambdad.awsapi.known`, which prints what is
new, gone or moved and, with `--write`, records it. Until then a test fails: a new operation is
decided on, not slipped in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from lambdad.awsapi import model

SERVICES: Final = ("cloudwatch", "lambda", "lambda-core", "lambda-microvms", "lambda-web", "logs")
"""The services whose wire lambdad derives."""

Routes: TypeAlias = dict[str, dict[str, str]]
"""By service and operation: method and path, for the json protocol method and target."""

_FILE: Final = Path(__file__).with_name("known_operations.json")


def recorded() -> Routes:
    """What was recorded when somebody last decided."""
    found: Routes = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def current() -> Routes:
    """What the installed botocore has."""
    return {service: _routes(model.load(service)) for service in SERVICES}


def differences(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> list[str]:
    """One line per operation that came, went or moved."""
    lines = []
    for service in sorted(before.keys() | after.keys()):
        old, new = before.get(service, {}), after.get(service, {})
        lines += [
            f"{service} {name}: {old.get(name, 'absent')} -> {new.get(name, 'absent')}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
    return lines


def _routes(loaded: model.ServiceModel) -> dict[str, str]:
    return {name: _route(loaded, operation) for name, operation in sorted(loaded.operations.items())}


def _route(loaded: model.ServiceModel, operation: model.Operation) -> str:
    if loaded.protocol == "json":
        return f"{operation.method} {loaded.target_prefix}.{operation.name}"
    query = "&".join(f"{key}={value}" for key, value in operation.static_query)
    return f"{operation.method} {operation.path}" + (f"?{query}" if query else "")


def main(arguments: list[str]) -> int:
    """Print the differences; record them with `--write`. The status is 1 while any are unrecorded."""
    found = differences(recorded() if _FILE.exists() else {}, current())
    sys.stdout.writelines(f"{line}\n" for line in found)
    if "--write" in arguments:
        _FILE.write_text(json.dumps(current(), indent=1) + "\n", encoding="utf-8")
        return 0
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
