"""CloudWatch metrics: PutMetricData, GetMetricData, GetMetricStatistics and ListMetrics."""
