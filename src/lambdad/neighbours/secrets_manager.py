"""Secrets at the configured endpoint of Secrets Manager; implements `ports.secrets.Secrets`."""

from __future__ import annotations

from typing import Final

import msgspec

from lambdad.domain.arn import region_of
from lambdad.domain.limits import MAX_SECRET_BYTES
from lambdad.domain.scope import Scope
from lambdad.neighbours.courier_requests import json_request
from lambdad.neighbours.service_calls import NotDone, ServiceCalls
from lambdad.ports.secrets import SecretNotRead

SERVICE: Final = "secretsmanager"


class _Secret(msgspec.Struct, rename="pascal"):
    secret_string: str | None = None


class SecretsManager:
    """Reads secrets with the keys of the endpoint; who may is decided before."""

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls
        self._decoder = msgspec.json.Decoder(_Secret)

    async def read(self, scope: Scope, arn: str) -> str:
        """See `ports.secrets.Secrets`."""
        made = json_request(SERVICE, "1.1", "secretsmanager.GetSecretValue", {"SecretId": arn})
        try:
            said = await self._calls.send(made, scope, region_of(arn), MAX_SECRET_BYTES)
            found = self._decoder.decode(said or b"{}").secret_string
        except NotDone as error:
            raise SecretNotRead(str(error)) from error
        except (ValueError, RecursionError):
            found = None
        if found is None:
            raise SecretNotRead(f"{arn} has no text")
        return found
