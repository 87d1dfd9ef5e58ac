"""Clusters of Kafka; implements `ports.kafka.KafkaClusters`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from lambdad.domain.kafka_record import Access
from lambdad.domain.limits import KAFKA_REQUEST_S
from lambdad.neighbours.kafka.connection import options, probe, told
from lambdad.neighbours.kafka.member import Member, beginnings
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaConsumer, OnRevoked

_MOST_BYTES: Final = 32 * 1024 * 1024  # of a record of failure with its payload; the broker has its own limit


class Clusters:
    """Every call has connections of its own."""

    def __init__(self) -> None:
        # What is wrong is raised or told by looking; the client would tell it again at each try.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def join(
        self, access: Access, group: str, topics: Sequence[str], start: StartFrom, on_revoked: OnRevoked
    ) -> KafkaConsumer:
        """See `ports.kafka.KafkaClusters`."""
        member = Member(access, group, topics, start, on_revoked)
        await member.join()
        return member

    async def reset(self, access: Access, group: str, topics: Sequence[str], start: StartFrom) -> None:
        """See `ports.kafka.KafkaClusters`."""
        given = options(access)
        looking = AIOKafkaConsumer(*topics, **given)  # without a group: given every partition at once
        keeping = AIOKafkaConsumer(**given, group_id=group, enable_auto_commit=False)
        try:
            await probe(access)
            await looking.start()
            found = sorted(looking.assignment())
            at = await beginnings(looking, found, start)
            keeping.assign(found)
            await keeping.start()
            async with asyncio.timeout(KAFKA_REQUEST_S):
                await keeping.commit(at)
        except Exception as error:
            raise told(error) from error
        finally:
            for consumer in (looking, keeping):
                with suppress(Exception):
                    await consumer.stop()

    async def send(self, access: Access, topic: str, key: bytes, value: bytes) -> None:
        """See `ports.kafka.KafkaClusters`."""
        producer = AIOKafkaProducer(**options(access), acks="all", max_request_size=_MOST_BYTES)
        try:
            await probe(access)
            await producer.start()
            await producer.send_and_wait(topic, value, key)
        except Exception as error:
            raise told(error) from error
        finally:
            with suppress(Exception):
                await producer.stop()
