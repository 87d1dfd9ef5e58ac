from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdad.worker.sandbox.network.relay import Resolvers, nameservers


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 192.0.2.53\nnameserver 2001:db8::53\n", ["192.0.2.53", "2001:db8::53"]),
        ("# comment\nsearch example\n  nameserver\t10.0.0.2  \n", ["10.0.0.2"]),
        ("options edns0\nnameserver\n", ["127.0.0.1"]),
        ("", ["127.0.0.1"]),
    ],
)
def test_nameservers_are_read_as_resolv_conf_says(text: str, servers: list[str]) -> None:
    assert nameservers(text) == servers


def test_first_server_is_asked_until_it_fails_to_answer(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.1\nnameserver 10.0.0.2\n")
    resolvers = Resolvers(file)
    assert [resolvers.preferred(), resolvers.preferred()] == ["10.0.0.1", "10.0.0.1"]
    resolvers.blame("10.0.0.1")
    assert resolvers.preferred() == "10.0.0.2"
    resolvers.blame("10.0.0.1")  # an old query of the first server's: no news about the second
    assert resolvers.preferred() == "10.0.0.2"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.1\n")
    resolvers = Resolvers(file)
    assert resolvers.preferred() == "10.0.0.1"
    file.write_text("nameserver 10.0.0.9\n")
    os.utime(file, (1, 1))
    assert resolvers.preferred() == "10.0.0.9"


def test_a_missing_file_means_the_local_machine(tmp_path: Path) -> None:
    assert Resolvers(tmp_path / "none").preferred() == "127.0.0.1"
