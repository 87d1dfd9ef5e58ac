"""Event source mappings and their tags in a real catalogue come back as they were, also after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from catalogue_contract import HERE

from lambdad.control.mapping_settings import created
from lambdad.domain.event_source_mapping import MAPPINGS, EventSourceMapping, place_of
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.mapping_states import MappingState
from lambdad.domain.resource import Stored
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue

ACCESS: dict[str, Any] = {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:aws:secret"}]}
SERVERS = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["one.example.com:9092"]}}
REQUESTS: dict[SourceKind, dict[str, Any]] = {
    SourceKind.SQS: {"FilterCriteria": {"Filters": [{"Pattern": '{"a": ["ü"]}'}]}},
    SourceKind.SQS_FIFO: {"ProvisionedPollerConfig": {"MinimumPollers": 2}},
    SourceKind.KINESIS: {"StartingPosition": "LATEST"},
    SourceKind.DYNAMODB: {"StartingPosition": "LATEST"},
    SourceKind.MSK: {"Topics": ["topic"]},
    SourceKind.SELF_MANAGED_KAFKA: {"SelfManagedEventSource": SERVERS, "Topics": ["topic"]} | ACCESS,
    SourceKind.MQ: {"Queues": ["queue"]} | ACCESS,
    SourceKind.DOCUMENTDB: {"DocumentDBEventSourceConfig": {"DatabaseName": "d"}} | ACCESS,
}
UUID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


@pytest.mark.parametrize("kind", SourceKind)
async def test_a_mapping_is_there_after_reopening(tmp_path: Path, kind: SourceKind) -> None:
    mapping = EventSourceMapping(
        uuid=UUID,
        kind=kind,
        function_arn=HERE.arn("lambda", "function:f:live"),
        source_arn=None if kind is SourceKind.SELF_MANAGED_KAFKA else "arn:aws:the:source",
        settings=created(kind, REQUESTS[kind], uuid=UUID, now_s=1_795_400_000.125),
        is_wanted=True,
        state=MappingState.DISABLED,
        last_modified_s=1_795_400_000.125,
        tags={"b": "1", "a": "2"},
    )
    place = place_of(HERE, UUID)
    store = SqliteCatalogue(tmp_path / "c.db")
    await store.resources.change(MAPPINGS, place, lambda _: mapping)
    store.close()
    store = SqliteCatalogue(tmp_path / "c.db")
    try:
        found = await store.resources.find(MAPPINGS, mapping.function_arn)
        assert found == [Stored(place, mapping)]
        assert list(found[0].value.tags) == ["b", "a"]
        assert await store.resources.find(MAPPINGS, HERE.arn("lambda", "function:f")) == []
    finally:
        store.close()
