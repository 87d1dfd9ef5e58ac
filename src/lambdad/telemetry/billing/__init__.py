"""What AWS would have charged: usage metered, and priced by a list that is data."""
