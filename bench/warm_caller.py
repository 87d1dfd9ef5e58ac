"""A caller of one warm function in a process of its own: what else the bench does must not delay it.

``python -m bench.warm_caller PORT PATH`` invokes over one connection, with a pause after each, until its
standard input is closed. Then it prints a JSON list: when each answer came (seconds of the monotonic clock,
which all processes share) and how long it took (seconds).
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from bench import client

_ROOT = Path(__file__).parent.parent
_PAUSE_S = 0.001
"""Between two invokes: a caller, not a load generator."""
_END_S = 60.0


class WarmCaller:
    """Calls from now until `seen` is asked for."""

    def __init__(self, port: int, path: str) -> None:
        command = [sys.executable, "-m", "bench.warm_caller", str(port), path]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe, text=True)

    def seen(self) -> list[tuple[float, float]]:
        """End it; when each answer came and the seconds it took.

        Raises:
            CallError: it ended by itself: a call was not answered as it should be.
        """
        said, _ = self._process.communicate(timeout=_END_S)
        if self._process.returncode != 0:
            raise client.CallError("the warm caller ended before the burst")
        return [(float(at), float(took)) for at, took in json.loads(said)]


def main(port: int, path: str) -> None:
    """Call until standard input is closed, and print what was seen."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    seen: list[tuple[float, float]] = []
    with closing(client.dial(port)) as line:
        while not ended.is_set():
            answer = client.call(line, "POST", path, b"{}")
            client.check(answer, path)
            seen.append((time.monotonic(), answer.seconds))
            time.sleep(_PAUSE_S)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
