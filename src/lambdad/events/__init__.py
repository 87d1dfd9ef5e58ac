"""Asynchronous invocation: events are accepted, run through the synchronous path, retried and delivered."""
