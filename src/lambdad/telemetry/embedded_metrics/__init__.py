"""Metrics that functions print: CloudWatch's embedded metric format."""
