"""The companion: ministack in a process of its own, for S3, SQS, SNS, DynamoDB, EventBridge and the like.

composition → `lifecycle` (starts, watches, restarts) → `program/` (runs in the companion's own interpreter,
leads what the services do with functions back here) and `service` (edge → the companion). `install` puts it
onto the host.

Source: decision 0023.
"""
