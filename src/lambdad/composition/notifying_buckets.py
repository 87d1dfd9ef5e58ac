"""Puts notifications of an S3 server that is elsewhere between its endpoint, the catalogue and functions.

Only a server with such an endpoint imports this.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from lambdad.composition.bucket_events import BucketEvents
from lambdad.domain.event import Lane
from lambdad.domain.http import Request
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.events.queue import Accept, queued
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.identity.authorization.named_functions import function_named
from lambdad.neighbours.bucket_events.buckets import NotifyingBuckets
from lambdad.neighbours.bucket_events.webhook import NAME, Webhook
from lambdad.ports.clock import Clock
from lambdad.ports.resource_store import ResourceStore
from lambdad.ports.service import Service
from lambdad.storage.data_dir import DataDir
from lambdad.storage.files.key_file import TOKEN_FILE, read_key, write_key
from lambdad.storage.refusal import StorageRefused

_TOKEN = re.compile(r"[0-9A-Za-z_-]{32,256}")
_S3 = "s3.amazonaws.com"


class BucketDestination:
    """Functions as S3 sees them: implements what `neighbours.bucket_events` asks of them."""

    def __init__(self, gate: LambdaGate, accept: Accept, clock: Clock) -> None:
        self._gate = gate
        self._accept = accept
        self._clock = clock
        self._ids = Ids()

    async def lets_in(self, bucket: str, owner: Scope, function: str) -> bool:
        """Whether its policy lets S3 in; that of a function which is not there lets nobody in."""
        return await self._gate.may_service(
            _S3, owner, function, source_arn=f"arn:aws:s3:::{bucket}", source_account=owner.account
        )

    async def deliver(self, owner: Scope, function: str, body: bytes) -> None:
        """Queue an event.

        Raises:
            LambdadError: it is not stored.
        """
        scope, named = function_named(function, owner)
        lane = Lane(scope, named.name, named.qualifier)
        trace = self._ids.trace(self._clock.now())
        refusal = await queued(self._accept, lane, self._ids.request_id(), body, trace)
        if refusal is not None:
            raise refusal


def notifying_buckets(
    data_dir: DataDir, rules: ResourceStore, gate: LambdaGate, accept: Accept, clock: Clock
) -> BucketEvents:
    """Make it.

    Raises:
        StorageRefused: the file with the token cannot be used.
    """
    destination = BucketDestination(gate, accept, clock)
    token = webhook_token(data_dir)

    async def webhook(request: Request) -> Mapping[str, object]:
        """Where the server is to send its events."""
        return {"url": f"{request.base_url}/lambdad/v1/{NAME}/{token}"}

    def around(server: Service) -> Service:
        return NotifyingBuckets(server, rules, destination)

    links = {NAME: Webhook(token, rules, destination, clock)}
    return BucketEvents(around, links, {"GET s3/webhook": webhook})


def webhook_token(data_dir: DataDir) -> str:
    """What the path of the webhook ends in: of its file, which is made when there is none.

    Raises:
        StorageRefused: others may read the file, or it holds no token.
    """
    if data_dir.in_memory:
        return secrets.token_hex(32)
    path = data_dir.path / TOKEN_FILE
    token = (read_key(path) or write_key(path)).decode("latin-1")
    if not _TOKEN.fullmatch(token):
        raise StorageRefused(f"{path} holds something else than 32 to 256 letters, digits, - and _")
    return token
