"""What the middle needs from the outside, as small Protocols.

Adapters live in `worker`, `storage` and `telemetry`; only `composition` chooses among them.
"""
