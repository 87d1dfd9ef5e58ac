"""Assignment: which environment runs an invocation, and when there must be another."""
