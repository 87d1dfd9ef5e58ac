"""The server's process: `lambdad serve` that tells its port to whoever started it, and ends with them.

Standard input is a socket to the parent. The port goes out of it once the server answers; its end means
that the parent wants the server gone, or is itself gone, even by ``kill -9``. (A death signal of the
kernel would come when the *thread* ends that started the server.)
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from typing import Final

from lambdad import composition
from lambdad.cli import serve
from lambdad.cli.errors import CommandError

_NOBODY_WAITS_S: Final = 0.05
"""Between the signal that stops the server and the one that has it not wait for running invocations."""
_END_WITHIN_S: Final = 10.0
"""Then it is ended from within; 0.1 s is usual."""


def main() -> int:
    """Serve until the parent closes its end; the exit status."""
    parent = _take_channel()
    threading.Thread(target=_end_with, args=(parent,), name="lambdad-parent", daemon=True).start()
    try:
        settings = serve.settings_from(sys.argv[1:])
    except CommandError as error:
        sys.stderr.write(f"lambdad: {error}\n")
        return error.status
    return composition.serve(settings, on_ready=lambda port: parent.sendall(b"%d\n" % port))


def _take_channel() -> socket.socket:
    """The socket that is standard input, moved to where nothing inherits it."""
    parent = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return parent


def _end_with(parent: socket.socket) -> None:
    try:
        while parent.recv(1):
            pass
    except OSError:  # a reset is an end as well
        pass
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_NOBODY_WAITS_S)
    time.sleep(_END_WITHIN_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
