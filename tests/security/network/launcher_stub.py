"""Plays the launcher for these tests: opens the links in its namespace, then does what stdin says.

Each line is a JSON list: ["attach", pid, index], ["sweep"] or ["close"]; each answer is one JSON line.
"""

from __future__ import annotations

import json
import sys
import time

from lambdad.worker.sandbox.network import links
from lambdad.worker.sandbox.network.failure import OutboundUnavailable
from lambdad.worker.sandbox.network.uplink import UplinkKind


def main() -> None:
    opened = None
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        answer: object = None
        try:
            if command == "open":
                opened = links.Links.open(UplinkKind(arguments[0]) if arguments[0] else None)
                answer = opened.kind
            elif command == "attach":
                started = time.perf_counter()
                answer = opened.attach(*arguments).to_json()
                answer["took_ms"] = 1000 * (time.perf_counter() - started)
            elif command == "sweep":
                answer = links.sweep()
            elif command == "close":
                opened.close()
        except OutboundUnavailable as failure:
            answer = {"detail": failure.detail, "remedy": failure.remedy}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
