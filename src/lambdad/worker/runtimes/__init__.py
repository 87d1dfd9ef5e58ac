"""Runtimes: from AWS's runtime identifiers to programs that can be started."""
