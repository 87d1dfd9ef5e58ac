"""Clusters of Kafka, reached with aiokafka; nothing else knows that library."""
