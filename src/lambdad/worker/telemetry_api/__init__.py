"""The Telemetry and Logs APIs of one environment: subscriptions, buffers, delivery into the sandbox."""
