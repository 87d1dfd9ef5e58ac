"""Streams of Kinesis and DynamoDB, polled shard by shard.

`streams` admits mappings and makes a `poller` for each → it follows the `lineage_of_shards` and has a
`reader` for each shard → which gives records, as `records` shows them, to its `lane`s (or to the one lane
with `windows`) → which call through `sources.ordered`, and move the checkpoint.
"""
