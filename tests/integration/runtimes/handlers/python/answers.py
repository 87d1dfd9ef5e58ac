"""Handlers of the differential test: what may be returned, and what may not."""

import collections
import decimal

Point = collections.namedtuple("Point", "x y")


def echo(event, context):
    return event


def nothing(event, context):
    pass


def text(event, context):
    return 'quo"te \\ \u00e9 \u2028 \U0001f600 \x7f \x00'


def numbers(event, context):
    return [0, -1, 10**30, 0.1, 1e300, True, None, float("nan"), float("inf")]


def raw_bytes(event, context):
    return b"\x00\xff raw"


def decimals(event, context):
    return {"price": decimal.Decimal("1.10"), "nan": decimal.Decimal("NaN"), "plain": 1.5}


def named_tuple(event, context):
    return {"points": [Point(1, 2), Point("a", None)], "tuple": (1, 2), "empty": [(), {}, []]}


def bytes_inside(event, context):
    return {"a": b"caf\xc3\xa9", b"key": [1]}


def odd_keys(event, context):
    return {1: "int", 2.5: "float", False: "bool", None: "none"}


def a_set(event, context):
    return {"s": {1, 2}}


def tuple_key(event, context):
    return {(1, 2): "no"}


def circular(event, context):
    loop = []
    loop.append(loop)
    return loop


def lone_surrogate(event, context):
    return "\ud800"


async def a_coroutine(event, context):
    return event


def a_generator(event, context):
    yield event


async def an_async_generator(event, context):
    yield event
