#!/usr/bin/python3 -Su
"""The streaming function under load: a custom runtime whose chunk says when it was written.

The stream stays open for a moment behind the chunk, so that nothing but the chunk itself can bring it to
the client.
"""

import os
import socket
import time

OPEN_S = 0.03
API = "/2018-06-01/runtime/invocation/"
HEAD = (
    " HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
    "Transfer-Encoding: chunked\r\n\r\n"
)


def dial() -> socket.socket:
    """Connect to the Runtime API."""
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    made = socket.create_connection((host, int(port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def take(line: socket.socket) -> str:
    """Wait for an event; its id. The event itself is small and not looked at."""
    line.sendall(f"GET {API}next HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += line.recv(65536) or os._exit(1)
    head, _, body = heard.partition(b"\r\n\r\n")
    fields = dict(one.lower().split(b": ", 1) for one in head.split(b"\r\n")[1:])
    while len(body) < int(fields[b"content-length"]):
        body += line.recv(65536)
    return fields[b"lambda-runtime-aws-request-id"].decode()


def main() -> None:
    """Stream for ever."""
    events, answers = dial(), dial()
    while True:
        head = f"POST {API}{take(events)}/response{HEAD}".encode()
        stamp = b"written:%020d;" % time.monotonic_ns()
        answers.sendall(b"%s%x\r\n%s\r\n" % (head, len(stamp), stamp))
        time.sleep(OPEN_S)
        answers.sendall(b"0\r\n\r\n")
        answers.recv(65536)


main()
