"""The table of clusters of Amazon MSK: servers by ARN, and one line for what is wrong."""

from __future__ import annotations

import pytest

from lambdad.settings.kafka_clusters import kafka_clusters
from lambdad.settings.reading import SettingsError

ARN = "arn:aws:kafka:us-east-1:000000000000:cluster/c/12345678-abcd-1234-efab-123456789012-1"


def test_a_cluster_has_its_servers():
    assert kafka_clusters("p", {ARN: "a:9092, [::1]:9093"}) == {ARN: ("a:9092", "[::1]:9093")}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([], "must be a table"),
        ({"arn:aws:sqs:us-east-1:000000000000:q": "a:1"}, "no ARN of a cluster"),
        ({ARN: "a"}, "must be host:port"),
        ({ARN: "http://a:1"}, "must be host:port"),
        ({ARN: "a:1,"}, "must be host:port"),
    ],
)
def test_what_is_no_such_table_is_refused(raw: object, words: str):
    with pytest.raises(SettingsError, match=words):
        kafka_clusters("p", raw)
