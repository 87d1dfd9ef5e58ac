"""What holds of every policy and every request."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from policy_texts import policy, statement

from lambdad.domain.policies.document import RESOURCE_POLICY, InvalidPolicy, read_policy
from lambdad.domain.policies.evaluation import Verdict, decide
from lambdad.domain.policies.principals import ANONYMOUS, identity, root, service
from lambdad.domain.policies.wildcards import Glob, pieces_of

ACCOUNTS = ("111111111111", "222222222222")
NAMES = [
    "*",
    {"AWS": ACCOUNTS[0]},
    {"AWS": f"arn:aws:iam::{ACCOUNTS[1]}:root"},
    {"AWS": f"arn:aws:iam::{ACCOUNTS[0]}:role/a"},
    {"Service": "s3.amazonaws.com"},
]
PRINCIPALS = [
    ANONYMOUS,
    *map(root, ACCOUNTS),
    identity(f"arn:aws:iam::{ACCOUNTS[0]}:role/a"),
    service("s3.amazonaws.com"),
]
ACTIONS = ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl", "lambda:GetFunction"]
RESOURCES = [f"arn:aws:lambda:us-east-1:{ACCOUNTS[0]}:function:{name}" for name in ("a", "a:1", "b")]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"StringEquals": {"aws:key": "a"}},
    {"StringNotEquals": {"aws:key": ["a", "b"]}},
    {"ForAnyValue:StringLike": {"aws:key": "a*"}},
    {"ForAllValues:StringNotLike": {"aws:key": "a*"}},
    {"Null": {"aws:key": "true"}},
    {"StringEqualsIfExists": {"aws:key": "${aws:other}"}},
]


def one_of_each(effect: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    def listed(name: str, values: list[Any]) -> st.SearchStrategy[tuple[str, Any]]:
        return st.tuples(st.sampled_from([name, f"Not{name}"]), st.sampled_from(values))

    return st.builds(
        lambda effect, *members: {"Effect": effect, **dict(members)},
        effect,
        listed("Principal", NAMES),
        listed("Action", [*ACTIONS, "lambda:Invoke*", "*"]),
        listed("Resource", [*RESOURCES, "*", "arn:aws:lambda:*:*:function:a*"]),
        st.tuples(st.just("Condition"), st.sampled_from(CONDITIONS)),
    )


STATEMENTS = st.lists(one_of_each(st.sampled_from(["Allow", "Deny"])), min_size=1, max_size=5)
REQUESTS = st.fixed_dictionaries(
    {
        "principal": st.sampled_from(PRINCIPALS),
        "action": st.sampled_from(ACTIONS),
        "resource": st.sampled_from(RESOURCES),
        "keys": st.dictionaries(
            st.sampled_from(["aws:Key", "aws:other"]),
            st.lists(st.sampled_from("abc"), max_size=2),
            max_size=2,
        ),
    }
)


@given(STATEMENTS, REQUESTS)
def test_the_verdict_is_that_of_the_strongest_statement(statements, request):
    alone = {decide(policy(each), **request) for each in statements}
    strongest = next(v for v in (Verdict.EXPLICIT_DENY, Verdict.ALLOW, Verdict.NO_MATCH) if v in alone)
    assert decide(policy(*statements), **request) is strongest


@given(STATEMENTS, REQUESTS, st.data())
def test_the_order_of_statements_does_not_matter(statements, request, data):
    shuffled = data.draw(st.permutations(statements))
    assert decide(policy(*shuffled), **request) is decide(policy(*statements), **request)


@given(STATEMENTS, REQUESTS)
def test_a_deny_of_everything_always_wins(statements, request):
    assert decide(policy(*statements, statement("Deny")), **request) is Verdict.EXPLICIT_DENY


@given(st.lists(one_of_each(st.just("Deny")), min_size=1, max_size=4), REQUESTS)
def test_denies_alone_never_allow(statements, request):
    assert decide(policy(*statements), **request) is not Verdict.ALLOW


@given(one_of_each(st.just("Allow")), one_of_each(st.just("Allow")), REQUESTS)
def test_what_is_allowed_stays_allowed_with_more_allows(first, second, request):
    if decide(policy(first), **request) is Verdict.ALLOW:
        assert decide(policy(second, first), **request) is Verdict.ALLOW


@given(st.text("ab*?", max_size=12), st.text("ab\n", max_size=12), st.booleans())
def test_wildcards_mean_what_a_regular_expression_would(pattern, text, fold):
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    flags = re.DOTALL | (re.IGNORECASE if fold else 0)
    matched = re.fullmatch(expression, text, flags) is not None
    assert Glob(pieces_of(pattern), fold=fold).matches(text) is matched


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats()
        | st.text(max_size=5)
        | st.sampled_from(["Allow", "*", "2012-10-17"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["Version", "Statement", "Effect", "Principal", "AWS", "Action", "Resource", "Condition"]
                )
                | st.text(max_size=3),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_is_sent_is_read_or_refused(value):
    try:
        read_policy(json.dumps(value), RESOURCE_POLICY)
    except InvalidPolicy:
        pass


def test_hostile_patterns_take_no_time_worth_telling():
    assert not Glob(pieces_of("*a" * 5_000 + "b")).matches("a" * 10_000)
    assert not Glob(pieces_of("*a?" * 3_000 + "b")).matches("a" * 10_000)
