"""What every cluster of Kafka is asked, end to end; who takes it gives `topics`."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request

from kafka_calls import FAILS, MSK, SLOW, KafkaTopics
from local_services import eventually

from lambdad.domain.kafka_record import Kept
from lambdad.neighbours.kafka.clusters import Clusters
from tests.contract.kafka_contract import OLDEST, nothing, plain, read, values

__all__ = [
    "test_a_mapping_of_a_self_managed_cluster_goes_on_where_it_was",
    "test_a_mapping_of_msk_reads_the_cluster_that_settings_name",
    "test_how_far_a_function_is_behind_is_a_metric_and_in_the_list_of_mappings",
    "test_only_what_passes_the_filters_is_seen",
    "test_partitions_that_go_to_another_member_amid_a_call_are_done_once",
    "test_what_is_given_up_arrives_in_a_topic_of_the_cluster",
]


def test_a_mapping_of_a_self_managed_cluster_goes_on_where_it_was(topics: KafkaTopics):
    topic, function = topics.topic(), topics.function()
    topics.put(topic, "a")
    uuid = topics.own(function, topic)
    [event] = topics.told(function, 1)
    assert (event["eventSource"], event["bootstrapServers"]) == ("SelfManagedKafka", topics.broker.plain)
    assert list(event["records"]) == [f"{topic}-0"]
    client = topics.server.client()
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    topics.settled(uuid, "Disabled")
    topics.put(topic, "b")
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert topics.values(function, 2) == ["a", "b"]
    topics.result(uuid, "OK")


def test_a_mapping_of_msk_reads_the_cluster_that_settings_name(topics: KafkaTopics):
    topic, function = topics.topic(), topics.function()
    topics.put(topic, "a")
    topics.msk(function, topic)
    [event] = topics.told(function, 1)
    assert (event["eventSource"], event["eventSourceArn"]) == ("aws:kafka", MSK)


def test_only_what_passes_the_filters_is_seen(topics: KafkaTopics):
    topic, function = topics.topic(), topics.function()
    topics.put(topic, '{"n": 1}', '{"n": 2}', '{"n": 3}')
    pattern = json.dumps({"value": {"n": [2]}})
    topics.own(function, topic, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert topics.values(function, 1) == ['{"n": 2}']


def test_what_is_given_up_arrives_in_a_topic_of_the_cluster(topics: KafkaTopics):
    topic, failures, function = topics.topic(), topics.topic(), topics.function(FAILS)
    topics.put(topic, "poison" * 200_000)  # more than clients send if they are not told otherwise
    destination = {"OnFailure": {"Destination": f"kafka://{failures}"}}
    topics.own(function, topic, MaximumRetryAttempts=0, DestinationConfig=destination)

    async def told() -> bytes:
        consumer = await Clusters().join(plain(topics.broker), function, [failures], OLDEST, nothing)
        [record] = await read(consumer, 1)
        await consumer.close()
        return record.value or b""

    record = json.loads(asyncio.run(told()))
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert list(json.loads(record["payload"])["records"]) == [f"{topic}-0"]


def test_how_far_a_function_is_behind_is_a_metric_and_in_the_list_of_mappings(topics: KafkaTopics):
    topic, function = topics.topic(), topics.function(FAILS)
    topics.put(topic, "a", "b", "c")
    uuid = topics.own(function, topic)

    def behind() -> float | None:
        now = time.time()
        points = topics.server.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="OffsetLag",
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=now - 600,
            EndTime=now + 60,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        return points[0]["Maximum"] if points else None

    assert eventually(behind, "OffsetLag") == 3
    with urllib.request.urlopen(f"{topics.server.url}/lambdad/v1/mappings", timeout=30) as answer:
        [shown] = [one for one in json.load(answer)["mappings"] if one["uuid"] == uuid]
    assert (shown["waiting"], [part["waiting"] for part in shown["parts"]]) == (3, [3])


def test_partitions_that_go_to_another_member_amid_a_call_are_done_once(topics: KafkaTopics):
    topic, function = topics.topic(2), topics.function(SLOW, Timeout=10)
    for number in range(2):
        topics.put(topic, f"{number} before", partition=number)
    group = f"g-{topic}"
    uuid = topics.own(function, topic, SelfManagedKafkaEventSourceConfig={"ConsumerGroupId": group})
    assert sorted(topics.values(function, 2)) == ["0 before", "1 before"]  # both calls are under way

    async def other() -> tuple[float, list[str]]:
        member = await Clusters().join(plain(topics.broker), group, [topic], OLDEST, nothing)
        async with asyncio.timeout(60):
            while len(member.partitions()) != 1:
                await member.poll(100, ())
        moved_s, [mine] = time.time(), member.partitions()
        for number in range(2):
            await asyncio.to_thread(topics.put, topic, f"{number} after", partition=number)
        found = values(await read(member, 1))
        await member.commit({mine: Kept(2)})
        await member.close()
        return moved_s, found

    moved_s, found = asyncio.run(other())
    assert len(found) == 1
    assert found[0].endswith("after")
    seen = topics.values(function, 3)
    ended = [one for one in topics.server.messages(function) if one.startswith("ENDED")]
    assert [float(one.split()[1]) < moved_s for one in ended[:2]] == [True, True]
    assert sorted(seen + found) == ["0 after", "0 before", "1 after", "1 before"]
    topics.put(topic, "0 last")
    topics.put(topic, "1 last", partition=1)
    assert sorted(topics.values(function, 5)[3:]) == ["0 last", "1 last"]
    topics.result(uuid, "OK")
