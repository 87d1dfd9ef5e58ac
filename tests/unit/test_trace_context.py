"""Headers of traces: X-Ray's, W3C's, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.trace_context import TraceContext, from_w3c, read, w3c_trace_id

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
W3C = b"00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"


@pytest.mark.parametrize(
    ("header", "context"),
    [
        (f"Root={ROOT}", TraceContext(ROOT, None, None, ())),
        (f"Root={ROOT};Parent={PARENT};Sampled=1", TraceContext(ROOT, PARENT, True, ())),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", TraceContext(ROOT, PARENT, False, ())),
        (f"root={ROOT}; sampled=?; Self=1", TraceContext(ROOT, None, None, (" Self=1",))),
        (f"Root={ROOT};Parent=short;Lineage=1:ab:0", TraceContext(ROOT, None, None, ("Lineage=1:ab:0",))),
        ("", None),
        ("Root=1-0-0", None),
        (f"Parent={PARENT}", None),
        (f"Root={ROOT};" + "x" * 5_000, None),
    ],
)
def test_what_a_header_says(header, context):
    assert read(header) == context


def test_who_is_called_within_a_trace_gets_its_other_fields_too():
    context = read(f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=1:fe460cdd:0")
    assert context.header("0" * 16, sampled=True) == (
        f"Root={ROOT};Parent={'0' * 16};Sampled=1;Lineage=1:fe460cdd:0"
    )


@pytest.mark.parametrize(("flags", "sampled"), [(b"01", b"1"), (b"00", b"0"), (b"03", b"1"), (b"fe", b"0")])
def test_w3c_becomes_x_ray(flags, sampled):
    made = from_w3c(W3C[:-2] + flags)
    assert made == f"Root={ROOT};Parent={PARENT};Sampled=".encode() + sampled


@pytest.mark.parametrize(
    "header",
    [
        b"",
        W3C.upper(),
        W3C[:-1],
        W3C + b"-more",
        b"ff" + W3C[2:],
        b"00-" + b"0" * 32 + W3C[35:],
        W3C[:36] + b"0" * 16 + b"-01",
        W3C + b"\r\nx: y",
        W3C * 100,
    ],
)
def test_what_is_no_traceparent_is_left_alone(header):
    assert from_w3c(header) is None


def test_a_later_version_may_say_more():
    assert from_w3c(b"01" + W3C[2:] + b"-more") == from_w3c(W3C)


@given(st.binary(max_size=80))
def test_no_bytes_break_a_header(data):
    made = from_w3c(data)
    assert made is None or read(made.decode()) is not None


def test_a_trace_has_one_id_in_both_forms():
    assert w3c_trace_id(ROOT).encode() == W3C[3:35]
