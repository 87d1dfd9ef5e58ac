"""Handlers of the differential test: what a handler sees of its world."""

import os


def context(event, context):
    shown = dict(vars(context))
    shown.pop("_epoch_deadline_time_in_ms")
    shown.pop("_w3c_fields", None)  # not yet in the last client for Python 3.9
    return {
        "repr": repr(context),
        "vars": {name: repr(value) for name, value in shown.items()},
        "remaining": 50_000 < context.get_remaining_time_in_millis() <= 60_000,
        "class": type(context).__name__,
    }


def trace_id(event, context):
    return os.environ.get("_X_AMZN_TRACE_ID")


def client_context(event, context):
    client = context.client_context
    return [client.custom, client.env, client.client.app_title, client.client.installation_id]


def descriptors(event, context):
    return sorted(name for name in os.environ if "FD" in name)
