"""One mapping between a source and a function, its states, and tags of all that has them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mapping_requests import (
    ARNS,
    HERE,
    PLACE,
    SECRET,
    SERVERS,
    STREAMS,
    change,
    create,
    read,
    refusal,
)

from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.code_signing import CODE_SIGNING_CONFIGS, WARN, CodeSigningConfig, config_arn
from lambdad.domain.errors import Conflict, NotFound, ResourceInUse
from lambdad.domain.event_source_mapping import MAPPINGS, place_of
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.mapping_states import SETTLED, MappingState
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope
from lambdad.sources.manager import NOT_POLLED

ELSEWHERE = Scope("222222222222", "eu-central-1")
OWN = SourceKind.SELF_MANAGED_KAFKA
HOST = {"Type": "VIRTUAL_HOST", "URI": "/"}

# --- one mapping between a source and a function -------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "between"),
    [
        (SourceKind.MSK, f'event source ("{ARNS[SourceKind.MSK]}"), FUNCTION, topics ("my-topic")'),
        (OWN, f'event source ("{",".join(SERVERS)}"), FUNCTION, topics ("my-topic")'),
        (SourceKind.MQ, f'event source ("{ARNS[SourceKind.MQ]}"), FUNCTION, queues ("my-queue")'),
        (SourceKind.DOCUMENTDB, f'event source ("{ARNS[SourceKind.DOCUMENTDB]}"), FUNCTION'),
    ],
)
async def test_a_second_mapping_is_refused_with_the_uuid_of_the_first(control, kind, between):
    await control.create()
    made = await create(control, kind)
    with pytest.raises(Conflict) as refused:
        await create(control, kind)
    function = f'function ("arn:aws:lambda:{PLACE}:function:fn")'
    assert str(refused.value) == (
        f"An event source mapping with {between.replace('FUNCTION', function)} already exists. "
        f"Please update or delete the existing mapping with UUID {made['UUID']}"
    )


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (SourceKind.MSK, {"Topics": ["other-topic"]}),
        (OWN, {"Topics": ["other-topic"]}),
        (
            OWN,
            {
                "SelfManagedEventSource": {
                    "Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["three.example.com:9092"]}
                }
            },
        ),
        (SourceKind.MQ, {"Queues": ["other-queue"]}),
        (SourceKind.MQ, {"SourceAccessConfigurations": [SECRET, HOST]}),
        (SourceKind.DOCUMENTDB, {"DocumentDBEventSourceConfig": {"DatabaseName": "other"}}),
        (SourceKind.SQS, {"FunctionName": "fn:1"}),
        (SourceKind.SQS, {"FunctionName": "other-fn"}),
    ],
)
async def test_another_part_of_a_source_or_another_function_is_another_mapping(control, kind, given):
    await control.create()
    await control.create("other-fn")
    await control.ask("PublishVersion", FunctionName="fn")
    await create(control, kind)
    await create(control, kind, **given)
    assert len((await control.ask("ListEventSourceMappings"))["EventSourceMappings"]) == 2


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (SourceKind.MSK, "amazonManagedKafkaEventSourceConfig"),
        (OWN, "selfManagedKafkaEventSourceConfig"),
    ],
)
async def test_a_consumer_group_has_one_mapping_of_whatever_function(control, kind, member):
    await control.create()
    await control.create("other-fn")
    group = {f"{member[:1].upper()}{member[1:]}": {"ConsumerGroupId": "mine"}}
    made = await create(control, kind, **group)
    with pytest.raises(Conflict) as refused:
        await create(control, kind, FunctionName="other-fn", Topics=["other"], **group)
    source = ARNS.get(kind, ",".join(SERVERS))
    assert str(refused.value) == (
        f'An event source mapping with event source ("{source}"), {member}.consumerGroupId ("mine") already '
        f"exists. Please update or delete the existing mapping with UUID {made['UUID']}"
    )
    await create(control, kind, FunctionName="other-fn")


async def test_a_consumer_group_of_another_cluster_is_another_one(control):
    await control.create()
    group = {"ConsumerGroupId": "mine"}
    await create(control, OWN, SelfManagedKafkaEventSourceConfig=group)
    await create(control, SourceKind.MSK, AmazonManagedKafkaEventSourceConfig=group)
    assert len((await control.ask("ListEventSourceMappings"))["EventSourceMappings"]) == 2


async def test_servers_in_common_are_the_same_cluster(control):
    await control.create()
    await create(control, OWN)
    servers = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["three.example.com:9092", SERVERS[1]]}}
    with pytest.raises(Conflict):
        await create(control, OWN, SelfManagedEventSource=servers)


async def test_an_update_cannot_make_a_second_one_either(control):
    await control.create()
    await control.create("other-fn")
    first = await create(control, SourceKind.SQS)
    second = await create(control, SourceKind.SQS, FunctionName="other-fn")
    with pytest.raises(Conflict, match=first["UUID"]):
        await change(control, second, FunctionName="fn")
    assert await read(control, second) == second
    assert (await change(control, first, FunctionName="fn"))["UUID"] == first["UUID"]


async def test_an_update_needs_a_function_that_exists(control):
    await control.create()
    made = await create(control, SourceKind.SQS)
    assert await refusal(change(control, made, FunctionName="missing")) == "Function does not exist"
    assert await read(control, made) == made


async def test_an_alias_is_a_function_that_exists(control):
    await control.create()
    place = Place(HERE, "fn", "live")
    await control.catalogue.resources.change(
        ALIASES, place, lambda _: Alias("live", "$LATEST", "", "revision")
    )
    made = await create(control, SourceKind.SQS, FunctionName="fn:live")
    assert made["FunctionArn"] == f"arn:aws:lambda:{PLACE}:function:fn:live"


async def test_mappings_of_another_account_are_not_seen(control):
    await control.create()
    await control.ask(
        "CreateFunction",
        ELSEWHERE,
        FunctionName="fn",
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::222222222222:role/r",
        Code={"ZipFile": b"PK one"},
    )
    made = await create(control, SourceKind.SQS)
    other = await create(control, SourceKind.SQS, ELSEWHERE)
    for given in ({}, {"FunctionName": "fn"}):
        listed = await control.ask("ListEventSourceMappings", ELSEWHERE, **given)
        assert [mapping["UUID"] for mapping in listed["EventSourceMappings"]] == [other["UUID"]]
    with pytest.raises(NotFound):
        await control.ask("GetEventSourceMapping", ELSEWHERE, UUID=made["UUID"])


# --- states -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", MappingState)
async def test_a_mapping_is_changed_and_deleted_only_while_it_is_settled(control, state):
    await control.create()
    made = await create(control, SourceKind.SQS)
    await control.catalogue.resources.change(
        MAPPINGS, place_of(HERE, made["UUID"]), lambda mapping: mapping and replace(mapping, state=state)
    )
    if state in SETTLED:
        control.sources.reasons.clear()
        changed = await change(control, made, Enabled=state is MappingState.DISABLED)
        assert changed["State"] == ("Enabling" if state is MappingState.DISABLED else "Disabling")
        await control.sources.settle(control.catalogue.resources)
        await control.ask("DeleteEventSourceMapping", UUID=made["UUID"])
        assert control.sources.changes == [(HERE, made["UUID"])] * 3
        return
    for operation in ("UpdateEventSourceMapping", "DeleteEventSourceMapping"):
        with pytest.raises(
            ResourceInUse, match=r"^Cannot update the event source mapping because it is in use\.$"
        ):
            await control.ask(operation, UUID=made["UUID"])
    assert (await read(control, made))["State"] == state.value


@pytest.mark.parametrize("kind", SourceKind)
async def test_whoever_disables_a_mapping_is_told_so_in_awss_words(control, kind):
    await control.create()
    made = await create(control, kind)
    assert (made["State"], made["StateTransitionReason"]) == ("Disabled", NOT_POLLED)
    control.clock.now_s += 5
    disabled = await change(control, made, Enabled=False)
    reason = "User action" if kind in STREAMS else "USER_INITIATED"
    assert (disabled["State"], disabled["StateTransitionReason"]) == ("Disabled", reason)
    assert (disabled["LastModified"] - made["LastModified"]).total_seconds() == 5
    assert (await change(control, made, BatchSize=1))["StateTransitionReason"] == reason
    assert (await change(control, made, Enabled=True))["StateTransitionReason"] == NOT_POLLED
    deleted = await control.ask("DeleteEventSourceMapping", UUID=made["UUID"])
    assert (deleted["State"], deleted["StateTransitionReason"]) == ("Deleting", reason)


# --- tags ---------------------------------------------------------------------------------------------


async def test_a_code_signing_configuration_has_tags(control):
    config = CodeSigningConfig("csc-0123456789abcdefg", (), WARN, "2026-11-23T03:05:20.123+0000")
    place = Place(HERE, ACCOUNT, config.config_id)
    await control.catalogue.resources.change(CODE_SIGNING_CONFIGS, place, lambda _: config)
    arn = config_arn(HERE, config.config_id)
    await control.ask("TagResource", Resource=arn, Tags={"A": "1", "B": "2"})
    await control.ask("UntagResource", Resource=arn, TagKeys=["A"])
    assert await control.ask("ListTags", Resource=arn) == {"Tags": {"B": "2"}}
    assert await control.catalogue.resources.read(CODE_SIGNING_CONFIGS, place) == config.tagged({"B": "2"})


async def test_an_update_leaves_tags_alone(control):
    await control.create()
    made = await create(control, SourceKind.SQS, Tags={"A": "1"})
    await change(control, made, BatchSize=1)
    assert await control.ask("ListTags", Resource=made["EventSourceMappingArn"]) == {"Tags": {"A": "1"}}


async def test_tags_of_aws_itself_are_refused(control):
    await control.create()
    refused = create(control, SourceKind.SQS, Tags={"aws:mine": "1"})
    assert await refusal(refused) == "System tags cannot be added/updated by requester."
