"""Filter patterns: AWS's documented examples, what is refused, and that nothing makes them slow or break."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.errors import InvalidParameter
from lambdad.telemetry.patterns.compiling import compile_pattern


def matches(pattern: str, message: str) -> bool:
    compiled = compile_pattern(pattern)
    assert pickle.loads(pickle.dumps(compiled)) == compiled
    return compiled.matches(message)


def refused(pattern: str) -> str:
    with pytest.raises(InvalidParameter) as error:
        compile_pattern(pattern)
    return str(error.value)


E400, E401 = "[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST"
E419, E420 = "[ERROR 419] MISSING ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS"
E500, INFO = "[ERROR 500] INTERNAL SERVER ERROR", "[INFO] REQUEST FAILED"
LINES = (E400, E401, E419, E420, E500, INFO)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", LINES),
        ('" "', LINES),
        ("ERROR", (E400, E401, E419, E420, E500)),
        ("error", ()),
        ("ERROR ARGUMENTS", (E419, E420)),
        ("?INFO ?ARGUMENTS", (E419, E420, INFO)),
        ("?INFO ?ARGUMENTS REQUEST", (E400, E401, INFO)),
        ('"INTERNAL SERVER ERROR"', (E500,)),
        ("ERROR -ARGUMENTS", (E400, E401, E500)),
        ('-"BAD REQUEST" -ARGUMENTS', (E401, E500, INFO)),
        ("%AUTHORIZED%", (E401,)),
        (r"%\[ERROR 4[0-9]{2}\]%", (E400, E401, E419, E420)),
        (r"%4[01]\d|^.INFO%", (E400, E401, E419, INFO)),
    ],
)
def test_terms_and_phrases(pattern: str, found: tuple[str, ...]):
    assert tuple(line for line in LINES if matches(pattern, line)) == found


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("%^[hc]at%", ("hat", "cats"), ("a hat",)),
        ("%[hc]at$%", ("hat", "a cat", "hat\n"), ("hats", "hat\n\n")),
        ("%colou?r%", ("color", "colour"), ("colouur",)),
        ("%[abcx-z]%", ("a", "y"), ("d", "")),
        ("%^a{3,5}$%", ("aaa", "aaaaa"), ("aa", "aaaaaa")),
        ("%^a{2}$%", ("aa",), ("a", "aaa")),
        ("%^a{2,}$%", ("aa", "aaaaaa"), ("a",)),
        ("%^a{,2}$%", ("", "aa"), ("aaa",)),
        ("%gra|ey%", ("gray", "grey"), ("gruy",)),
        (
            "%^starting|^initializing|^shutting down%",
            ("starting up", "shutting down"),
            ("skipping initializing",),
        ),
        ("%abcc|ab[^c]$%", ("abcc d", "aba"), ("aac", "abc")),
        (r"%\[.\]%", ("[a]", "[]]", "[ ]"), ("[]",)),
        (r"%10\.10\.0\.1%", ("10.10.0.1",), ("10010,051",)),
        ("%10.10.0.1%", ("10010,051",), ("1010",)),
        ("%ab*c%", ("ac", "abbbc"), ("adc",)),
        ("%ab+c%", ("abc", "abbbc"), ("ac",)),
        ("%.at%", ("4at", " at"), ("at",)),
        (r"%^\D\s\S\w\W$%", ("a b_!", "é b_é"), ("1 b_!",)),
        (r"%\x28\x3A%", ("f(:",), ("f",)),
        ("%[^a-z]%", ("ö", "A"), ("abc",)),
    ],
)
def test_regular_expressions(pattern: str, yes: tuple[str, ...], no: tuple[str, ...]):
    assert [text for text in yes if not matches(pattern, text)] == []
    assert [text for text in no if matches(pattern, text)] == []


TRAIL = (
    '{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another"],'
    ' "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true,'
    ' "cluster.name": "c", "latency": 512.5, "code": 404, "text": "404", "number": [1000.0], "off": false}'
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('$.eventType = "UpdateTrail"', True),
        ("$.eventType = UpdateTrail", True),
        ("$.eventType = *Trail", True),
        ('$.eventType = "Update*"', True),
        ("$.eventType = *date*", True),
        ("$.eventType = Up*ail", False),
        ("$.eventType = *", True),
        ("$.sourceIPAddress != 123.123.*", True),
        ("$.sourceIPAddress != 111.111.*", False),
        ('$.arrayKey[0] = "value"', True),
        ("$.arrayKey[2] = *", False),
        ("$.objectList[1].id = 2", True),
        ("$.eventType = %Trail%", True),
        ("$.eventType != %Trail%", False),
        ("$.arrayKey[*] = %val.{2}%", True),
        (r"$.* = %111\.111\.111\.1[0-9]{1,2}%", True),
        ("$.['cluster.name'] = \"c\"", True),
        ("$.SomeObject IS NULL", True),
        ("$.eventType IS NULL", False),
        ("$.ThisFlag IS TRUE", True),
        ("$.ThisFlag IS FALSE", False),
        ("$.off IS FALSE", True),
        ("$.SomeOtherObject NOT EXISTS", True),
        ("$.SomeObject NOT EXISTS", False),
        ("$.objectList[5].id NOT EXISTS", True),
        ("$.arrayKey = 1", False),
        ("$.arrayKey != 1", False),
        ("$.missing != 1", False),
        ("$.latency >= 500", True),
        ("$.latency < 5.125e2", False),
        ("$.latency <= +512.5", True),
        ("$.latency > -1", True),
        ("$.code = 404", True),
        ("$.code != 4e2", True),
        ("$.code = 4*", True),
        ("$.text = 404", True),
        ("$.number[0] = 1e+3", True),
        ("$.number[0] != 1e-3", True),
        ("$.ThisFlag = 1", False),
        ("($.code = 404) && ($.off IS TRUE || $.ThisFlag IS TRUE)", True),
        ("$.code = 1 && $.code = 2 || $.code = 404", True),
        ("$.code = 404 || $.code = 1 && $.code = 2", True),
        ("($.code = 404 || $.code = 1) && $.code = 2", False),
    ],
)
def test_conditions_on_json(condition: str, expected: bool):
    assert matches(f"{{ {condition} }}", TRAIL) is expected
    assert matches(f"{{{condition}}}", f"not JSON {TRAIL}") is False


def test_a_property_is_found_however_json_writes_it():
    assert matches('{ $.ab = "c" }', '{"\\u0061b": "\\u0063"}')


APACHE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
ORDER = "ERROR 09/25/2014 12:00:02 Failed to process request"


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        (
            r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
            APACHE,
            True,
        ),
        ("[..., request =*.html*, status_code = 4*, bytes]", APACHE, True),
        ("[ip, ..., bytes > 1000]", APACHE, True),
        ("[ip, ..., bytes > 1534]", APACHE, False),
        ("[..., status_code = 404 || status_code = 410, bytes]", APACHE, True),
        ("[..., status_code = 4* && status_code != 404, bytes]", APACHE, False),
        ('[ip, user, username, timestamp = "10/Oct/*", ...]', APACHE, True),
        ("[a, b, c, d, e, f, g, h]", APACHE, False),
        ("[w1=ERROR, w2]", ORDER, True),
        ("[w1=ERROR]", ORDER, False),
        ("[w1=ERROR || w1=WARNING, w2]", ORDER, True),
        ("[w1!=ERROR && w1!=WARNING, w2]", ORDER, False),
        ("[(w1=ERROR || w1=INFO) && w1!=INFO, w2]", ORDER, True),
        ("[w1, w2]", "one", False),
        ("[]", ORDER, True),
        ("[a, b=x]", 'a "x', False),
        (
            "[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]",
            "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
            True,
        ),
    ],
)
def test_fields_between_spaces(pattern: str, message: str, expected: bool):
    assert matches(pattern, message) is expected


def test_fields_are_extracted_by_name_and_number():
    pattern = compile_pattern("[..., request=*.html*, status_code=4*,]")
    assert pattern.extracted(APACHE) == {
        "$1": "127.0.0.1",
        "$2": "Prod",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$request": "GET /index.html HTTP/1.0",
        "$status_code": "404",
        "$7": "1534",
    }
    assert pattern.value(APACHE, "$status_code") == "404"
    assert compile_pattern("[level, rest]").extracted(ORDER)["$rest"] == ORDER.removeprefix("ERROR ")
    assert compile_pattern("{ $.code = * }").value(TRAIL, "$.objectList[1].id") == "2"
    assert compile_pattern("{ $.code = * }").extracted(TRAIL) == {}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ("[a, b", "If a filter pattern starts with '[' it must end with ']'"),
        ("user@example", "Invalid character(s) in term '@'"),
        ("%something!%", "Invalid character(s) in term '!'"),
        ("%f(x)%", "Invalid character(s) in term '('"),
        ("%é%", "Invalid character(s) in term 'é'"),
        ("{ $.a = 'b' }", "Invalid character(s) in term '''"),
        ('"open', "Unclosed quoted string in filter pattern."),
        *(
            (pattern, "Invalid filter pattern")
            for pattern in (
                *("{ }", "{ $.a }", "{ a = 1 }", "{ $.a EXISTS }", "{ $.a IS NOT NULL }", "{ $.a = }"),
                *("{ ($.a = 1 }", "{ $.a = 1) }", "{ $.a > x }", "{ $.a = 1 & $.b = 2 }", "{ $.*.* = 1 }"),
                *("{ $.a[-1] = 1 }", "{ $.a[9999999999] = 1 }", "{ $.a < %a% }", "[a, ..., b, ...]"),
                *("[a = 1 && b = 2]", "[a b]", "%%", "%*a%", "%a**%", "%a{3,2}%", "%a{x}%", "%[a%", "%[]%"),
                *(r"%\q%", r"%\x2%", r"%\xff%", "%a^b%", "%a$b%", "%a{1001}b{1001}%", "%[z-a]%"),
            )
        ),
        ("[a=%x%, b=%y%, c=%z%]", "A filter pattern can have at most 2 regular expressions"),
        (
            "{ $.a.* = 1 && $.b.* = 1 && $.c.* = 1 && $.d.* = 1 }",
            "A filter pattern can have at most 3 wildcard selectors",
        ),
    ],
)
def test_what_is_no_pattern_is_refused_in_words(pattern: str, words: str):
    assert refused(pattern) == words


HOSTILE = 30_000
"""Characters that a quadratic matcher would look at half a billion times."""


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("%" + "a*" * 300 + "[bc]%", "a" * HOSTILE),
        ("%" + "a?" * 300 + "a{300}$%", "a" * HOSTILE + "b"),
        ("%[ab]*a[ab]{200}[cd]%", "ab" * (HOSTILE // 2)),
        ("%.*x.*y.*[zq]%", "xy" * (HOSTILE // 2)),
        ("%[^x]+[yz]%", "é" * HOSTILE),
        ("[a, ..., b=c]", "[ " * HOSTILE),
        ("[a, ..., b=c]", '" ' * HOSTILE),
        ("[a=x, b]", "[" * HOSTILE),
        ("{ $.a = 1 }", '{"a":' * HOSTILE),
        ("{ " + "(" * 480 + "$.a = 1" + ")" * 480 + " }", '{"a": 2}'),
        ("{ $.a = 1 }", '{"a": 1' + "0" * HOSTILE + "}"),
        ("{ $.a = 1 }", '{"a": "1' + "0" * HOSTILE + '"}'),
        ('{ $.a = "\ud800" }', '{"a": "\ud800"}'),
    ],
)
def test_hostile_patterns_and_events_end(pattern: str, message: str):
    assert compile_pattern(pattern).matches(message) is False


PIECES = st.sampled_from([*"ab.", "[ab]", "[^a]", r"\w", r"\s", r"\x61", "-"])
COUNTS = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{1,3}", "{2,}", "{0,2}"])
ALTERNATIVE = st.builds(
    lambda start, items, end: start + "".join(map("".join, items)) + end,
    st.sampled_from(["", "", "^"]),
    st.lists(st.tuples(PIECES, COUNTS), min_size=1, max_size=5),
    st.sampled_from(["", "", "$"]),
)
EXPRESSIONS = st.lists(ALTERNATIVE, min_size=1, max_size=3).map("|".join)


@given(EXPRESSIONS, st.text("ab- é\n", max_size=12))
def test_expressions_find_what_pythons_own_find(expression: str, text: str):
    found = re.search(expression, text, re.ASCII)
    assert compile_pattern(f"%{expression}%").matches(text) is (found is not None)


WORDS = st.sampled_from(["ERROR", "a", "404", "x y", '"q"'])
PATTERNS = st.one_of(
    st.text(max_size=40),
    st.text('{}[]()$.,=!<>&|%*?-"\\ aNIST04', max_size=40),
    EXPRESSIONS.map(lambda text: f"%{text}%"),
    st.lists(st.sampled_from(["ERROR", "-a", "?404", '"x y"', '?"a"']), max_size=4).map(" ".join),
    st.lists(
        st.sampled_from(["f", "f=ERROR", "f=*a*", 'f="x y" && f!=b', "f=%a+%", "f>1", "f=a || f=b", ""]),
        max_size=4,
    ).map(lambda fields: f"[{','.join(fields)}]"),
)
MESSAGES = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=6).map(" ".join))


@given(PATTERNS, MESSAGES)
def test_whatever_is_asked_is_answered_and_needles_are_in_what_matches(pattern: str, message: str):
    try:
        compiled = compile_pattern(pattern)
    except InvalidParameter:
        return
    if compiled.matches(message):
        assert [needle for needle in compiled.needles if needle not in message] == []
    compiled.extracted(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from("abc"), JSON),
    st.sampled_from(["$.a", "$.a.b", "$.*", "$.a[*]", "$.b[0]"]),
)
def test_something_is_there_or_it_is_not(document: dict[str, Any], selector: str):
    message = json.dumps(document, allow_nan=False, default=str) if _is_finite(document) else "{}"
    exists = not matches(f"{{ {selector} NOT EXISTS }}", message)
    compares = matches(f"{{ {selector} = * || {selector} IS NULL }}", message)
    assert exists or not compares


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return abs(value) < float("inf")
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, list) else True
