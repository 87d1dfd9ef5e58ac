"""The IAM API: users, groups, roles, their policies and keys, and what these would allow."""
