"""Secrets over the protocol of Secrets Manager: what is asked, and what is no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdad.domain.scope import Scope
from lambdad.neighbours.secrets_manager import SecretsManager
from lambdad.neighbours.service_calls import NotDone
from lambdad.ports.secrets import SecretNotRead

HERE = Scope("111111111111", "eu-central-1")
SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:s-abcdef"


class Calls:
    def __init__(self, said: bytes | Exception) -> None:
        self.said = said
        self.sent: list[Any] = []

    async def send(self, *asked: Any) -> bytes:
        self.sent.append(asked)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


async def test_a_secret_is_asked_for_by_its_arn_in_its_region():
    calls = Calls(b'{"SecretString": "text", "Name": "s"}')
    assert await SecretsManager(calls).read(HERE, SECRET) == "text"  # type: ignore[arg-type]
    ((made, scope, region, _),) = calls.sent
    assert (json.loads(made.body), scope, region) == ({"SecretId": SECRET}, HERE, "us-east-1")
    assert made.headers["x-amz-target"] == "secretsmanager.GetSecretValue"


@pytest.mark.parametrize("said", [NotDone("no"), b"", b"{}", b"[", b'{"SecretBinary": "aGlkZGVu"}'])
async def test_what_is_no_text_is_not_given_and_not_shown(said: bytes | Exception):
    with pytest.raises(SecretNotRead) as told:
        await SecretsManager(Calls(said)).read(HERE, SECRET)  # type: ignore[arg-type]
    assert "aGlkZGVu" not in str(told.value)
