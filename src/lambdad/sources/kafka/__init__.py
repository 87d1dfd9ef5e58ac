"""Kafka as an event source: topics read by partition, one batch of each at a time.

Before: `ports.kafka` gives records. After: `sources.ordered` calls the function; the group keeps the offset.
"""
