"""Queues of SQS as event sources: `poller` has lanes, each of which receives, calls and deletes."""
