"""A poller of Kafka in virtual time: every record, in order by partition, and offsets only behind what is done."""

from __future__ import annotations

import asyncio
import json

import pytest

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.outcome import Outcome
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaTrouble, Trouble
from lambdad.sources.holding import Holding
from lambdad.sources.kafka.kafkas import Kafkas
from tests.fakes.kafka_stage import CLUSTER, FIRST, SECOND, SECRET, KafkaStage, failing, values_of
from tests.fakes.ordered_stage import TARGET
from tests.fakes.queue_stage import HERE


async def test_records_become_calls_as_aws_shows_them():
    stage = KafkaStage()
    stage.cluster.put("a", key=b"k", headers=(("h", b"\x01\xff"),))
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    (event,) = stage.payloads
    at_ms = event["records"]["t-0"][0]["timestamp"]
    assert event == {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": "broker-1:9092,broker-2:9092",
        "records": {
            "t-0": [
                {
                    "topic": "t",
                    "partition": 0,
                    "offset": 0,
                    "timestamp": at_ms,
                    "timestampType": "CREATE_TIME",
                    "key": "aw==",
                    "value": "YQ==",
                    "headers": [{"h": [1, -1]}],
                }
            ]
        },
    }
    assert (poller.report().result, poller.counts.polled, stage.kept()) == ("OK", 1, 1)
    await poller.stop()


async def test_batches_are_no_larger_than_asked_for_and_in_order():
    stage = KafkaStage()
    stage.cluster.put(*(str(number) for number in range(25)))
    poller = stage.poller(BatchSize=10)
    await stage.sleep.pass_by(3)
    assert stage.batches == [
        [str(n) for n in range(10)],
        [str(n) for n in range(10, 20)],
        ["20", "21", "22", "23", "24"],
    ]
    assert (stage.kept(), stage.holding.held_bytes) == (25, 0)
    await poller.stop()


async def test_calls_have_six_megabytes_at_most():
    stage = KafkaStage()
    stage.holding = Holding(100_000_000)
    stage.cluster.put(*(str(number) + "x" * 900_000 for number in range(12)))
    poller = stage.poller()
    await stage.sleep.pass_by(5)
    assert sum(len(batch) for batch in stage.batches) == 12
    assert all(len(request.payload) <= 6 * 1024 * 1024 for _, request in stage.functions.calls)
    await poller.stop()


async def test_an_offset_is_not_kept_before_its_call_has_ended():
    stage = KafkaStage()
    stage.functions.answer = lambda _: None
    stage.cluster.put("a")
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    assert stage.kept() == 0
    stage.functions.end(Outcome(b"null"))
    await stage.sleep.pass_by(1)
    assert stage.kept() == 1
    await poller.stop()


async def test_what_fails_is_called_with_again_before_what_comes_after():
    stage = KafkaStage()
    stage.functions.answer = failing("a")
    stage.cluster.put("a", "b")
    poller = stage.poller(BatchSize=1)
    await stage.sleep.pass_by(3)
    assert set(map(tuple, stage.batches)) == {("a",)}
    assert len(stage.batches) > 1
    assert stage.kept() == 0
    assert poller.report().result == "PROBLEM: Function call failed"
    stage.functions.answer = lambda _: Outcome(b"null")
    await stage.sleep.pass_by(20)
    assert stage.batches[-2:] == [["a"], ["b"]]
    await poller.stop()


async def test_a_function_names_what_failed_by_topic_partition_and_offset():
    stage = KafkaStage()
    answer = {"batchItemFailures": [{"itemIdentifier": {"topic-partition": "t-0", "offset": 1}}]}
    answers = [Outcome(json.dumps(answer).encode()), Outcome(b"null")]
    stage.functions.answer = lambda _: answers.pop(0)
    stage.cluster.put("a", "b", "c")
    poller = stage.poller(FunctionResponseTypes=["ReportBatchItemFailures"])
    await stage.sleep.pass_by(3)
    assert stage.batches == [["a", "b", "c"], ["b", "c"]]
    assert stage.kept() == 3
    await poller.stop()


async def test_a_record_of_another_partition_in_an_answer_fails_the_whole_batch():
    stage = KafkaStage()
    answer = {"batchItemFailures": [{"itemIdentifier": {"topic-partition": "t-1", "offset": 1}}]}
    answers = [Outcome(json.dumps(answer).encode()), Outcome(b"null")]
    stage.functions.answer = lambda _: answers.pop(0)
    stage.cluster.put("a", "b")
    poller = stage.poller(FunctionResponseTypes=["ReportBatchItemFailures"])
    await stage.sleep.pass_by(3)
    assert stage.batches == [["a", "b"], ["a", "b"]]
    await poller.stop()


async def test_what_is_given_up_is_told_to_the_destination_before_its_offset_is_kept():
    stage = KafkaStage()
    stage.functions.answer = failing("b")
    stage.cluster.put("a", "b", "c")
    destination = {"OnFailure": {"Destination": TARGET}}
    poller = stage.poller(
        MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, DestinationConfig=destination
    )
    await stage.sleep.pass_by(3)
    (told,) = stage.destination.documents
    at = told["KafkaBatchInfo"]["recordsInfo"]["t-0"]
    assert (told["requestContext"]["condition"], told["KafkaBatchInfo"]["batchSize"]) == (
        "RetryAttemptsExhausted",
        1,
    )
    assert (at["firstRecordOffset"], at["lastRecordOffset"], "payload" in told) == (1, 1, False)
    assert stage.kept() == 3
    await poller.stop()


async def test_a_topic_as_destination_is_given_the_payload_too():
    stage = KafkaStage()
    stage.functions.answer = failing("a")
    stage.cluster.put("a")
    poller = stage.poller(
        MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": "kafka://failures"}}
    )
    await stage.sleep.pass_by(3)
    ((topic, _, body),) = stage.cluster.sent
    assert (topic, values_of(json.loads(json.loads(body)["payload"]))) == ("failures", ["a"])
    await poller.stop()


async def test_what_filters_keep_away_is_not_called_with_and_counts_as_done():
    stage = KafkaStage()
    stage.cluster.put('{"n": 1}', '{"n": 2}', "no json", '{"n": 3}')
    pattern = json.dumps({"value": {"n": [2]}})
    poller = stage.poller(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    await stage.sleep.pass_by(3)
    assert stage.batches == [['{"n": 2}']]
    assert (stage.kept(), poller.counts.filtered_out) == (4, 3)
    await poller.stop()


async def test_filters_see_keys_as_what_they_are():
    stage = KafkaStage()
    stage.cluster.put("a", key=b"one")
    stage.cluster.put("b", key=b"two")
    poller = stage.poller(FilterCriteria={"Filters": [{"Pattern": '{"key": ["two"]}'}]})
    await stage.sleep.pass_by(3)
    assert stage.batches == [["b"]]
    await poller.stop()


async def test_latest_begins_at_the_end_and_stays_there_while_nobody_polls():
    stage = KafkaStage()
    stage.cluster.put("before")
    poller = stage.poller(StartingPosition="LATEST")
    await stage.sleep.pass_by(1)
    await poller.stop()
    stage.cluster.put("meanwhile")
    poller = stage.poller(StartingPosition="LATEST")
    await stage.sleep.pass_by(2)
    assert stage.batches == [["meanwhile"]]
    await poller.stop()


async def test_partitions_do_not_wait_for_one_another():
    stage = KafkaStage(partitions=2)
    stage.functions.answer = failing("bad")
    stage.cluster.put("bad", partition=0)
    stage.cluster.put("good", partition=1)
    poller = stage.poller()
    await stage.sleep.pass_by(3)
    assert (stage.kept(FIRST), stage.kept(SECOND)) == (0, 1)
    assert [(part.name, part.waiting) for part in poller.report().parts] == [("t-0", 1), ("t-1", 0)]
    await poller.stop()


async def test_a_partition_that_goes_to_others_waits_for_its_call_and_keeps_its_end():
    stage = KafkaStage(partitions=2)
    stage.functions.answer = lambda _: None
    stage.cluster.put("a", "b")
    poller = stage.poller(BatchSize=1)
    await stage.sleep.pass_by(1)
    (member,) = stage.cluster.members
    taking = asyncio.create_task(stage.cluster.take(member, FIRST))
    await stage.sleep.pass_by(1)
    assert not taking.done()
    stage.functions.end(Outcome(b"null"))
    await stage.sleep.pass_by(1)
    assert taking.done()
    assert (stage.kept(), stage.batches, stage.holding.held_bytes) == (1, [["a"]], 0)
    await poller.stop()


async def test_a_cluster_that_is_gone_is_told_and_read_on_when_it_is_back():
    stage = KafkaStage()
    stage.cluster.put("a")
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    stage.cluster.trouble = KafkaTrouble("gone", Trouble.CONNECTION)
    await stage.sleep.pass_by(30)
    assert poller.report().result == (
        "PROBLEM: Connection error. Please check your event source connection configuration."
    )
    stage.cluster.trouble = None
    stage.cluster.put("b")
    await stage.sleep.pass_by(12)
    assert stage.batches == [["a"], ["b"]]
    assert poller.report().result == "OK"
    await poller.stop()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Trouble.LOGIN, "PROBLEM: SASL authentication failed"),
        (Trouble.SERVER, "PROBLEM: Lambda failed to authenticate server"),
        (Trouble.CLIENT, "PROBLEM: Server failed to authenticate Lambda"),
        (Trouble.KEY, "PROBLEM: Provided certificate or private key is invalid"),
        (Trouble.FORBIDDEN, "PROBLEM: Cluster failed to authorize Lambda"),
    ],
)
async def test_what_is_wrong_is_told_in_words_of_aws(kind: Trouble, words: str):
    stage = KafkaStage()
    stage.cluster.trouble = KafkaTrouble("no", kind)
    poller = stage.poller()
    await stage.sleep.pass_by(1)
    assert poller.report().result == words
    await poller.stop()


async def test_a_login_comes_from_its_secret_and_goes_by_tls():
    stage = KafkaStage()
    stage.secrets.texts[SECRET] = '{"username": "u", "password": "p"}'
    poller = stage.poller(SourceAccessConfigurations=[{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET}])
    await stage.sleep.pass_by(1)
    (access,) = stage.cluster.accesses
    assert (access.mechanism, access.username, access.password) == ("SCRAM-SHA-512", "u", "p")
    assert access.is_encrypted
    assert "'p'" not in repr(access)
    await poller.stop()


async def test_a_secret_that_the_role_may_not_read_is_not_read():
    stage = KafkaStage()
    stage.secrets.texts[SECRET] = '{"username": "u", "password": "p"}'
    stage.roles.refused = "secretsmanager:GetSecretValue"
    poller = stage.poller(SourceAccessConfigurations=[{"Type": "BASIC_AUTH", "URI": SECRET}])
    await stage.sleep.pass_by(1)
    assert stage.cluster.accesses == []
    assert "permissions to call GetSecretValue" in (poller.report().result or "")
    await poller.stop()


async def test_a_secret_without_a_password_says_what_is_missing_and_shows_nothing():
    stage = KafkaStage()
    stage.secrets.texts[SECRET] = '{"username": "u", "passwort": "hidden"}'
    poller = stage.poller(SourceAccessConfigurations=[{"Type": "BASIC_AUTH", "URI": SECRET}])
    await stage.sleep.pass_by(1)
    assert "has no password" in (poller.report().result or "")
    assert "hidden" not in (poller.report().result or "")
    await poller.stop()


async def test_a_cluster_of_msk_is_found_by_its_arn_and_named_in_events():
    stage = KafkaStage()
    stage.msk[CLUSTER] = ("broker:9094",)
    stage.cluster.put("a")
    poller = stage.poller(kind=SourceKind.MSK)
    await stage.sleep.pass_by(2)
    (event,) = stage.payloads
    assert (event["eventSource"], event["eventSourceArn"]) == ("aws:kafka", CLUSTER)
    assert event["bootstrapServers"] == "broker:9094"
    await poller.stop()


async def test_a_cluster_of_msk_that_nobody_placed_is_refused_with_what_to_do():
    stage = KafkaStage()
    maker = Kafkas(SourceKind.MSK, stage.kafka)
    assert "[kafka_clusters]" in (maker.not_polled() or "")
    stage.msk["another"] = ("b:1",)
    assert maker.not_polled() is None
    assert stage.version is not None
    with pytest.raises(InvalidParameter, match=r"\[kafka_clusters\]"):
        await maker.admit(HERE, stage.mapping(SourceKind.MSK), stage.version)


async def test_what_is_not_offered_is_refused_by_name():
    stage = KafkaStage()
    maker = Kafkas(SourceKind.SELF_MANAGED_KAFKA, stage.kafka)
    wanted = stage.mapping(SourceAccessConfigurations=[{"Type": "OAUTHBEARER_AUTH", "URI": SECRET}])
    assert stage.version is not None
    with pytest.raises(InvalidParameter, match="OAUTHBEARER_AUTH"):
        await maker.admit(HERE, wanted, stage.version)


async def test_a_reset_has_the_group_go_on_from_there():
    stage = KafkaStage()
    stage.cluster.put("a", "b")
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    await poller.stop()
    maker = Kafkas(SourceKind.SELF_MANAGED_KAFKA, stage.kafka)
    await maker.reset(HERE, stage.mapping(), StartFrom("TRIM_HORIZON"))
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    assert stage.batches == [["a", "b"], ["a", "b"]]
    await poller.stop()
    stage.cluster.trouble = KafkaTrouble("gone", Trouble.CONNECTION)
    with pytest.raises(InvalidParameter, match="Connection error"):
        await maker.reset(HERE, stage.mapping(), StartFrom("LATEST"))
