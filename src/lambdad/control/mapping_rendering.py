"""Event source mappings as AWS answers them; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from lambdad.control.mapping_kinds import RULES
from lambdad.domain.event_source_mapping import EventSourceMapping, MappingState, mapping_arn
from lambdad.domain.scope import Scope

NOT_POLLED: Final = "This version of lambdad does not poll event sources, so the mapping stays disabled."
"""StateTransitionReason of a mapping that shall be polled and is not."""


def shown(scope: Scope, mapping: EventSourceMapping) -> dict[str, Any]:
    """EventSourceMappingConfiguration.

    Source: LocalStack's recordings test_create_kinesis_event_source_mapping,
        test_dynamodb_event_source_mapping and test_report_batch_item_failures; radkawar/stackd's for Kafka,
        MQ and DocumentDB. State and StateTransitionReason are lambdad's own until sources are polled.
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
        "LastProcessingResult": rules.result,
        "State": mapping.state.value,
        "StateTransitionReason": NOT_POLLED if mapping.is_wanted else rules.reason,
    }


def shown_listed(scope: Scope, mapping: EventSourceMapping) -> dict[str, Any]:
    """EventSourceMappingConfiguration in a list, which keeps encrypted filters to itself.

    Source: radkawar/stackd's recording filter_kms_native (list-encrypted).
    """
    listed = shown(scope, mapping)
    return listed | {"FilterCriteria": None} if "KMSKeyArn" in listed else listed


def shown_removed(scope: Scope, mapping: EventSourceMapping) -> dict[str, Any]:
    """The answer to a deletion."""
    return shown(scope, mapping) | {
        "State": MappingState.DELETING.value,
        "StateTransitionReason": RULES[mapping.kind].reason,
    }
