"""Handlers of the differential test: everything that can be logged."""

import logging
import sys

log = logging.getLogger(__name__)


def levels(event, context):
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(log, level)("at %s", level)
    logging.log(35, "between levels")


def default_level(event, context):
    log.info("not shown by default")
    log.warning("shown")


def with_exception(event, context):
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        log.exception("caught")


def with_extra(event, context):
    log.error(
        "extra",
        extra={
            "order": 7,
            "nested": {"a": [1]},
            "odd": {
                1,
            },
        },
    )
    log.error({"a": "message as an object"})


def several_lines(event, context):
    log.error("first\nsecond\r\n  third \u00e9")


def printed(event, context):
    print("printed", event)
    sys.stdout.write("without end")
    sys.stderr.write("to stderr\n")
    print("é\ttab")
    context.log("through the context\n")


def mixed(event, context):
    print("one")
    log.error("two")
    print("three")
    log.error("four")
