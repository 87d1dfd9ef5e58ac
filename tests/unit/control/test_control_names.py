"""Function references, what an invocation resolves them to, and signed code locations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.control import code_location
from lambdad.domain.arn import FunctionReference, is_alias_name, is_version, parse_function
from lambdad.domain.errors import AccessDenied, Conflict, ConstraintViolations, InvalidParameter, NotFound
from lambdad.domain.function import CodeKey
from lambdad.domain.scope import Scope
from lambdad.frontend.resolve import resolve

HERE = Scope("111111111111", "eu-central-1")
NAMES = st.from_regex(r"\A[a-zA-Z0-9_-]{1,64}\Z").filter(lambda name: name != "function")
QUALIFIERS = st.one_of(st.none(), st.just("$LATEST"), st.from_regex(r"\A[a-zA-Z0-9_-]{1,128}\Z"))


@given(
    NAMES,
    QUALIFIERS,
    st.sampled_from(["{}", "function:{}", "111111111111:{}", "111111111111:function:{}", "arn"]),
)
def test_every_form_of_a_name_names_the_same_function(name, qualifier, form):
    form = "arn:aws:lambda:eu-central-1:111111111111:function:{}" if form == "arn" else form
    if form == "{}" and qualifier is not None and name.isdigit() and len(name) == 12:
        return  # an account and a name, by AWS's own pattern
    text = form.format(name) + (f":{qualifier}" if qualifier else "")
    assert parse_function(text, HERE) == FunctionReference(name, qualifier)
    assert parse_function(text, HERE, qualifier) == FunctionReference(name, qualifier)


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a:b:c", "arn:aws:s3:::bucket", "fn:", "fn:$latest", "fn\n"]
)
def test_what_is_no_name_is_a_violation_of_the_model(text):
    with pytest.raises(ConstraintViolations, match="at 'functionName' failed to satisfy constraint"):
        parse_function(text, HERE)


def test_violations_of_qualifier_and_name_are_counted_together():
    with pytest.raises(ConstraintViolations, match="^2 validation errors detected: Value '!' at 'qualifier'"):
        parse_function("?", HERE, "!")


def test_other_regions_accounts_and_qualifiers_are_refused():
    with pytest.raises(NotFound, match="Functions from 'us-east-1' are not reachable in this region"):
        parse_function("arn:aws:lambda:us-east-1:111111111111:function:fn", HERE)
    with pytest.raises(AccessDenied):
        parse_function("222222222222:function:fn", HERE)
    with pytest.raises(InvalidParameter, match="derived qualifier"):
        parse_function("fn:1", HERE, "2")


@pytest.mark.parametrize(
    ("qualifier", "version", "alias"),
    [
        ("$LATEST", True, False),
        ("1", True, False),
        ("prod", False, True),
        ("1a", False, True),
        ("$x", False, False),
    ],
)
def test_versions_and_aliases_are_told_apart(qualifier, version, alias):
    assert (is_version(qualifier), is_alias_name(qualifier)) == (version, alias)


async def test_an_invocation_finds_latest_or_a_version(control):
    await control.create(Publish=True)
    assert (await resolve(control.catalogue, HERE, "fn")).version == "$LATEST"
    assert (await resolve(control.catalogue, HERE, "fn:$LATEST")).version == "$LATEST"
    assert (await resolve(control.catalogue, HERE, "fn", "1")).version == "1"


@pytest.mark.parametrize(
    ("name", "qualifier", "missing"),
    [("none", None, "none:$LATEST"), ("fn", "7", "fn:7"), ("fn:prod", None, "fn:prod")],
)
async def test_an_invocation_of_nothing_names_what_is_missing(control, name, qualifier, missing):
    await control.create()
    with pytest.raises(NotFound) as caught:
        await resolve(control.catalogue, HERE, name, qualifier)
    assert (
        str(caught.value)
        == f"Function not found: arn:aws:lambda:eu-central-1:111111111111:function:{missing}"
    )


async def test_a_pending_function_is_not_invoked_but_an_updated_one_is(control):
    await control.create(settle=False)
    with pytest.raises(Conflict, match="The function is currently in the following state: Pending"):
        await resolve(control.catalogue, HERE, "fn")
    await control.settle()
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Timeout=5)
    assert (await resolve(control.catalogue, HERE, "fn")).timeout_s == 5


KEY = CodeKey("0123456789abcdef" * 4)


def parts(url: str) -> tuple[str, dict[str, str]]:
    path, _, query = url.removeprefix("http://h").partition("?")
    return path, dict(pair.split("=") for pair in query.split("&"))


def test_a_signed_location_leads_to_its_code():
    path, query = parts(code_location.sign(b"s", "http://h", KEY, 1_000.9))
    assert code_location.verify(b"s", path, query, 1_599.9) == KEY
    with pytest.raises(AccessDenied, match="expired"):
        code_location.verify(b"s", path, query, 1_600)


@pytest.mark.parametrize(
    "change",
    [
        lambda path, query: (path.replace("0", "1"), query),
        lambda path, query: (path + "x", query),
        lambda path, query: ("/lambdad/v1/code/../secret.zip", query),
        lambda path, query: (path, query | {"expires": str(int(query["expires"]) + 1)}),
        lambda path, query: (path, query | {"expires": "٣"}),
        lambda path, query: (path, query | {"expires": "9" * 5_000}),
        lambda path, query: (path, query | {"signature": "0" * 64}),
        lambda path, query: (path, query | {"signature": "ü"}),
        lambda path, query: (path, {}),
    ],
)
def test_a_changed_location_leads_nowhere(change):
    path, query = change(*parts(code_location.sign(b"s", "http://h", KEY, 1_000)))
    with pytest.raises(AccessDenied):
        code_location.verify(b"s", path, query, 1_000)


def test_a_location_signed_with_another_secret_leads_nowhere():
    path, query = parts(code_location.sign(b"other", "http://h", KEY, 1_000))
    with pytest.raises(AccessDenied):
        code_location.verify(b"s", path, query, 1_000)
