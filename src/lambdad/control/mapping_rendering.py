"""Event source mappings as AWS answers them; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lambdad.control.mapping_kinds import RULES, Rules
from lambdad.domain.event_source_mapping import EventSourceMapping, mapping_arn
from lambdad.domain.mapping_states import MappingState
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import EventSources

_ALL_WELL = "OK"


def shown(scope: Scope, mapping: EventSourceMapping, sources: EventSources) -> dict[str, Any]:
    """EventSourceMappingConfiguration.

    Source: LocalStack's recordings test_create_kinesis_event_source_mapping,
        test_dynamodb_event_source_mapping and test_report_batch_item_failures; radkawar/stackd's for Kafka,
        MQ and DocumentDB. That a queue has no LastProcessingResult while all is well: its
        sqs_mapping_authorization. StateTransitionReason is lambdad's own where a kind is not polled.
    """
    rules, settings = RULES[mapping.kind], dict(mapping.settings)
    if (moment := settings.get("StartingPositionTimestamp")) is not None:
        settings["StartingPositionTimestamp"] = datetime.fromtimestamp(moment, UTC)
    return settings | {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping_arn(scope, mapping.uuid),
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.function_arn,
        "LastModified": datetime.fromtimestamp(mapping.last_modified_s, UTC),
        "LastProcessingResult": _result(mapping, rules, sources),
        "State": mapping.state.value,
        "StateTransitionReason": _reason(mapping, rules, sources),
    }


def shown_listed(scope: Scope, mapping: EventSourceMapping, sources: EventSources) -> dict[str, Any]:
    """EventSourceMappingConfiguration in a list, which keeps encrypted filters to itself.

    Source: radkawar/stackd's recording filter_kms_native (list-encrypted).
    """
    listed = shown(scope, mapping, sources)
    return listed | {"FilterCriteria": None} if "KMSKeyArn" in listed else listed


def _result(mapping: EventSourceMapping, rules: Rules, sources: EventSources) -> str | None:
    """Where the kind shows none before anything was read, it shows only what is wrong."""
    said = sources.last_result(mapping.uuid)
    if rules.result is None:
        return said if said != _ALL_WELL else None
    return said or rules.result


def _reason(mapping: EventSourceMapping, rules: Rules, sources: EventSources) -> str:
    if not mapping.is_wanted or mapping.state is not MappingState.DISABLED:
        return rules.reason
    return sources.not_polled(mapping.kind) or rules.reason
