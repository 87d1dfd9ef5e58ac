"""What is told about invocations: the CloudWatch Logs API over the log store.

The lines themselves are made by `domain.platform_log` and stored behind `ports.log_store`.
"""
