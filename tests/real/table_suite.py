"""What every real DynamoDB with streams is asked; who takes it gives `tables`."""

from __future__ import annotations

import json
import time
from typing import Any

from shard_calls import REGION, TableStreams

__all__ = [
    "test_a_change_of_an_item_reaches_the_function_as_on_aws",
    "test_only_changes_that_pass_the_filters_are_seen_in_order",
]


def test_a_change_of_an_item_reaches_the_function_as_on_aws(tables: TableStreams):
    name, stream = tables.table()
    function = tables.function()
    tables.write(name, ("a", 1), ("a", 2))
    tables.client("dynamodb").delete_item(TableName=name, Key={"id": {"S": "a"}})
    tables.mapping(function, stream)
    inserted, modified, removed = tables.got(function, 3)
    assert [one["eventName"] for one in (inserted, modified, removed)] == ["INSERT", "MODIFY", "REMOVE"]
    images = [{"id": {"S": "a"}, "n": {"N": number}} for number in "12"]
    assert modified["dynamodb"]["OldImage"] == images[0]
    assert modified["dynamodb"]["NewImage"] == images[1]
    assert removed["dynamodb"]["OldImage"] == images[1]
    assert (modified["eventSource"], modified["eventSourceARN"]) == ("aws:dynamodb", stream)
    assert (modified["eventVersion"], modified["awsRegion"]) == ("1.1", REGION)
    assert len(modified["eventID"]) in (32, 36)
    inner: dict[str, Any] = modified["dynamodb"]
    assert inner["Keys"] == {"id": {"S": "a"}}
    assert inner["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert inner["SequenceNumber"].isdecimal()
    assert inner["SizeBytes"] >= 0  # some count nothing
    assert abs(time.time() - inner["ApproximateCreationDateTime"]) < 60


def test_only_changes_that_pass_the_filters_are_seen_in_order(tables: TableStreams):
    name, stream = tables.table()
    function = tables.function()
    pattern = json.dumps({"dynamodb": {"NewImage": {"n": {"N": [{"anything-but": ["1"]}]}}}})
    tables.mapping(function, stream, BatchSize=3, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    tables.write(name, *((key, number) for number in (1, 2, 3) for key in "abc"))
    changes = tables.changes(function, 6)
    for key in "abc":
        assert [change for change in changes if change[1] == key] == [("MODIFY", key, 2), ("MODIFY", key, 3)]
