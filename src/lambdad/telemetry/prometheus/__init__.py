"""Metrics for operators in Prometheus's text formats; what CloudWatch gets is another matter."""
