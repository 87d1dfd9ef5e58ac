"""Traces of invocations for tools outside: OpenTelemetry's protocol, and X-Ray's daemon."""
