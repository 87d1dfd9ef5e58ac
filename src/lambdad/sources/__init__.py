"""Event sources that are polled: what a mapping reads becomes calls of its function.

control keeps mappings → `manager` runs a poller for each → the poller of the kind (`sqs`) reads, filters
(`filtering`, `matching`), batches (`batching`), calls through `ports.invoker`, and reads the answer
(`report`).
"""
