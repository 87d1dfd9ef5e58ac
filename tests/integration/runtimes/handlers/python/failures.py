"""Handlers of the differential test: every way to fail at invocation."""


class CustomError(Exception):
    def __str__(self):
        return "first line\n  second line"


def raises(event, context):
    raise ValueError("nope")


def custom(event, context):
    raise CustomError


def chained(event, context):
    try:
        {}["missing"]
    except KeyError as error:
        raise RuntimeError("outer \u00e9") from error


def without_message(event, context):
    raise Exception  # noqa: TRY002


def deep(event, context):
    def inner(depth):
        return inner(depth - 1) if depth else 1 / 0

    inner(3)


def recursion(event, context):
    return recursion(event, context)


def exits(event, context):
    raise SystemExit(3)


def not_callable_argument(event):
    return event


number = 3
