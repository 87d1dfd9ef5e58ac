"""Programs that stand in the test's namespaces: servers that say who they are, and a client that tries.

``serve NAME`` answers every TCP connection and UDP packet on port 8080 (IPv4 and IPv6) with its name and
who asked, and UDP and TCP on 127.0.0.1:53 with the query turned round; ``try ADDRESS…``
and ``dns ADDRESS`` print a JSON object.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

PORT = 8080
PATIENCE_S = 0.7


def serve(name: str) -> None:
    tcp = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", PORT))
    dns_udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns_udp.bind(("127.0.0.1", 53))
    dns_tcp = socket.create_server(("127.0.0.1", 53))
    for job in (
        lambda: _answer_tcp(tcp, name),
        lambda: _answer_udp(udp, lambda _, who: f"{name} {who[0]}".encode()),
        lambda: _answer_udp(dns_udp, lambda query, _: query[::-1]),
        lambda: _answer_dns_tcp(dns_tcp),
    ):
        threading.Thread(target=job, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


def serve_plainly(name: str) -> None:
    """TCP only, for a place where nobody may bind low ports."""
    listener = socket.create_server(("0.0.0.0", PORT))
    print("ready", flush=True)
    _answer_tcp(listener, name)


def _answer_tcp(listener: socket.socket, name: str) -> None:
    while True:
        connection, who = listener.accept()
        with connection:
            connection.sendall(f"{name} {who[0]}".encode())


def _answer_udp(sock: socket.socket, answer) -> None:
    while True:
        query, who = sock.recvfrom(65535)
        sock.sendto(answer(query, who), who)


def _answer_dns_tcp(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL), "big")
            query = connection.recv(length, socket.MSG_WAITALL)
            connection.sendall(length.to_bytes(2, "big") + query[::-1])


def reach_tcp(address: str) -> str:
    try:
        with socket.create_connection((address, PORT), timeout=PATIENCE_S) as connection:
            return connection.recv(100).decode()
    except OSError as failure:
        return f"no: {failure}"


def reach_udp(address: str) -> str:
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE_S)
            sock.sendto(b"?", (address, PORT))
            return sock.recv(100).decode()
    except OSError as failure:
        return f"no: {failure}"


def ask_dns(address: str) -> dict[str, str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(b"question", (address, 53))
        udp = sock.recv(100).decode()
    with socket.create_connection((address, 53), timeout=5) as connection:
        connection.sendall(b"\0\x08question")
        tcp = connection.recv(10, socket.MSG_WAITALL)[2:].decode()
    return {"udp": udp, "tcp": tcp}


def main() -> None:
    verb, *arguments = sys.argv[1:]
    if verb == "serve":
        serve(arguments[0])
    elif verb == "try":
        with ThreadPoolExecutor(64) as pool:
            tcp = pool.map(reach_tcp, arguments)
            udp = pool.map(reach_udp, arguments)
            print(
                json.dumps(
                    {
                        "tcp": dict(zip(arguments, tcp, strict=True)),
                        "udp": dict(zip(arguments, udp, strict=True)),
                    }
                )
            )
    elif verb == "dns":
        print(json.dumps(ask_dns(arguments[0])))


if __name__ == "__main__":
    main()
