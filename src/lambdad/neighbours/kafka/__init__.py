"""Clusters of Kafka, reached with aiokafka; nothing else knows that library, and only use imports it."""
