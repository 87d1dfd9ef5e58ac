"""What a function returns, as the answer of its URL: formatted, inferred, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import MAX_URL_HEAD_BYTES
from lambdad.frontend.url_answer import (
    PRELUDE_TYPE,
    Headers,
    MalformedAnswer,
    UrlAnswer,
    buffered,
    prelude,
    whole,
)

JSON = (b"Content-Type", b"application/json")


def answered(**members: Any) -> UrlAnswer:
    return whole(json.dumps({"statusCode": 200} | members).encode())


def names(headers: Headers) -> list[bytes]:
    return [name for name, _ in headers]


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (b'{"hello": "world"}', b'{"hello":"world"}'),
        (b'["hello", 3, true]', b'["hello",3,true]'),
        (b'"hello"', b"hello"),
        (b'"\\u00e4\\n"', "ä\n".encode()),
        (b"3", b"3"),
        (b"3.10", b"3.10"),
        (b"12345678901234567890123", b"12345678901234567890123"),
        (b"true", b"true"),
        (b"null", b"null"),
        (b'{"statusCode": null, "a": 1e999}', b'{"statusCode":null,"a":1e999}'),
        (b' {"StatusCode": 404}', b'{"StatusCode":404}'),
        (b'{"headers": 5, "cookies": 5}', b'{"headers":5,"cookies":5}'),
    ],
)
def test_what_has_no_status_code_is_the_body_itself(payload: bytes, body: bytes) -> None:
    assert whole(payload) == UrlAnswer(200, (JSON,), body)


@pytest.mark.parametrize(
    "payload", [b"", b"hello", b"{", b'{"a": NaN}', b"\xff", b'"\xff"', b'{"a":"\xff"}', b"[" * 100_000]
)
def test_what_is_no_json_cannot_be_answered(payload: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        whole(payload)


@pytest.mark.parametrize(
    ("members", "body"),
    [
        ({"body": "body123"}, b"body123"),
        ({"body": '{"hello": "world"}'}, b'{"hello": "world"}'),
        ({"body": "ä"}, "ä".encode()),
        ({"body": {"a": [1, 2]}}, b'{"a":[1,2]}'),
        ({"body": 5}, b"5"),
        ({"body": ""}, b""),
        ({"body": None}, b""),
        ({}, b""),
        ({"body": "AP8=", "isBase64Encoded": True}, b"\0\xff"),
        ({"body": "AP8=", "isBase64Encoded": False}, b"AP8="),
        ({"body": "AP8=", "isBase64Encoded": "true"}, b"AP8="),
    ],
)
def test_a_formatted_answer_has_its_body(members: dict[str, Any], body: bytes) -> None:
    assert answered(**members) == UrlAnswer(200, (JSON,), body)


@pytest.mark.parametrize("status", [200, 201, 204, 301, 404, 418, 500, 599, "418"])
def test_a_status_code_may_be_a_number_or_a_text(status: int | str) -> None:
    assert answered(statusCode=status).status == int(status)


@pytest.mark.parametrize(
    "status", [0, 99, 100, 101, 199, 600, -200, 200.5, True, "", "20", "abc", "200 OK\r\nX: y", [], {}]
)
def test_any_other_status_code_cannot_be_answered(status: Any) -> None:
    with pytest.raises(MalformedAnswer, match="statusCode"):
        answered(statusCode=status)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"statusCode":%s}' % (b"1" * 5_000),
        b'{"statusCode":%s}' % (b"[" * 500 + b"]" * 500),
        b'{"statusCode":200,"headers":{"a":%s}}' % (b"1" * 5_000),
        b'{"statusCode":200,"headers":{"a":1e999}}',
        b'{"statusCode":200,"cookies":%s}' % (b"[" * 500 + b"]" * 500),
    ],
)
def test_values_beyond_all_bounds_cannot_be_answered(payload: bytes) -> None:
    for answer in (whole, prelude):
        with pytest.raises(MalformedAnswer):
            answer(payload)


def test_headers_are_sent_as_they_are() -> None:
    headers = answered(
        headers={"X-Text": "a b", "x-number": 5, "x-float": 1.5, "x-yes": True, "x-none": None}
    ).headers
    assert headers == (
        JSON,
        (b"X-Text", b"a b"),
        (b"x-number", b"5"),
        (b"x-float", b"1.5"),
        (b"x-yes", b"true"),
    )


def test_a_content_type_of_its_own_takes_the_place_of_json() -> None:
    assert answered(headers={"content-type": "text/html"}).headers == ((b"content-type", b"text/html"),)


def test_text_that_no_header_can_hold_is_sent_in_utf8() -> None:
    assert (b"x-a", "ä€".encode()) in answered(headers={"x-a": "ä€"}).headers


@pytest.mark.parametrize(
    "name", ["Date", "connection", "SERVER", "www-authenticate", "x-amzn-RequestId", "host"]
)
def test_headers_that_are_the_servers_are_renamed(name: str) -> None:
    assert (f"x-amzn-Remapped-{name}".encode(), b"x") in answered(headers={name: "x"}).headers


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "Keep-Alive", "upgrade", "Trailer", "TE"]
)
def test_headers_that_frame_the_answer_are_left_out(name: str) -> None:
    assert answered(headers={name: "1"}).headers == (JSON,)


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "a\r\nSet-Cookie: b"},
        {"x": "a\nb"},
        {"x": "a\rb"},
        {"x": "a\0b"},
        {"x": "\x7f"},
        {"x\r\ny": "a"},
        {"x: y": "a"},
        {"x y": "a"},
        {"": "a"},
        {"ä": "a"},
        {"x": ["a"]},
        {"x": {"a": "b"}},
        {"x-amzn-remapped-connection": "a"},
        ["x"],
        "x: y",
    ],
)
def test_no_header_can_be_smuggled_in(headers: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answered(headers=headers)


def test_each_cookie_is_a_header_of_its_own() -> None:
    cookies = ["a=1; Expires=21 Oct 2021 07:48 GMT", "b=2; Max-Age=78000"]
    assert answered(cookies=cookies, headers={"content-type": "text/plain"}).headers == (
        (b"content-type", b"text/plain"),
        (b"Set-Cookie", b"a=1; Expires=21 Oct 2021 07:48 GMT"),
        (b"Set-Cookie", b"b=2; Max-Age=78000"),
    )


@pytest.mark.parametrize("cookies", ["a=1", {"a": "1"}, [1], [None], [["a"]], ["a=1\r\nX: y"], ["a\0"]])
def test_cookies_are_a_list_of_texts_without_line_ends(cookies: Any) -> None:
    with pytest.raises(MalformedAnswer, match="cookies"):
        answered(cookies=cookies)


@pytest.mark.parametrize(
    "members",
    [
        {"cookies": ["a" * MAX_URL_HEAD_BYTES]},
        {"cookies": ["a=b"] * MAX_URL_HEAD_BYTES},
        {"headers": {f"x-{number}": "y" * 100 for number in range(1_000)}},
    ],
)
def test_a_head_without_end_cannot_be_answered(members: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnswer, match=str(MAX_URL_HEAD_BYTES)):
        answered(**members)


@pytest.mark.parametrize("body", ["!", "AP8", 5, {"a": 1}])
def test_what_is_no_base64_cannot_be_answered_as_such(body: Any) -> None:
    with pytest.raises(MalformedAnswer, match="base64"):
        answered(body=body, isBase64Encoded=True)


def test_the_head_of_a_stream_is_that_of_an_answer() -> None:
    assert prelude(b'{"statusCode":201,"headers":{"a":"b"},"cookies":["c"],"body":"not here"}') == UrlAnswer(
        201, (JSON, (b"a", b"b"), (b"Set-Cookie", b"c"))
    )
    assert prelude(b"{}") == UrlAnswer(200, (JSON,))


@pytest.mark.parametrize(
    "metadata", [b"", b"[]", b'"a"', b"{", b'{"statusCode":1000}', b'{"headers":{"a":"\\r\\n"}}']
)
def test_a_head_that_is_none_cannot_be_answered(metadata: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        prelude(metadata)


def test_a_collected_stream_has_the_head_in_front_of_it() -> None:
    payload = b'{"statusCode":404,"headers":{"Content-Type":"text/x"}}' + bytes(8) + b"body\0"
    assert buffered(PRELUDE_TYPE, payload) == UrlAnswer(404, ((b"Content-Type", b"text/x"),), b"body\0")
    with pytest.raises(MalformedAnswer, match="NUL"):
        buffered(PRELUDE_TYPE, b"{}")


def test_a_collected_stream_without_a_head_is_inferred_or_passed_on() -> None:
    assert buffered("application/octet-stream", b'{"statusCode": 404}').status == 404
    assert buffered("text/x", b"not json") == UrlAnswer(200, ((b"Content-Type", b"text/x"),), b"not json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3),
    st.lists(st.text(max_size=20), max_size=3),
)
def test_no_answer_has_a_line_end_in_its_head(body: Any, headers: dict[str, str], cookies: list[str]) -> None:
    try:
        answer = answered(body=body, headers=headers, cookies=cookies)
    except MalformedAnswer:
        return
    for name, value in answer.headers:
        assert not {10, 13, 0} & {*name, *value}
        assert b":" not in name
        assert name
