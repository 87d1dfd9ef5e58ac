"""Names, ARNs and qualifiers: every recorded answer to a wrong one, from four operations."""

from __future__ import annotations

from typing import Any

from asking import ROLE, archive
from bridge import ACCOUNT, Bridge
from recordings import Recording, answer, cases, parity

PREFIX = "arn:aws:lambda:us-east-1:111111111111:function:"
INVALID_REGION = "arn:aws:lambda:invalid-region:111111111111:function:"

# Function name and qualifier of each recorded case; where create, delete, get and invoke were
# asked differently, the answers show it: creating takes no qualifier, so it stands in the name.
NAMES: dict[str, tuple[str, str | None]] = {
    "full_arn_and_qualifier_too_long_and_invalid_region": (
        f"{INVALID_REGION}my-function-{'a' * 170}",
        "a" * 129,
    ),
    "full_arn_with_multiple_qualifiers": (f"{PREFIX}my-function:1:2", None),
    "function_name_and_qualifier_too_long": ("my-function", "a" * 65),
    "function_name_is_single_invalid": ("*", None),
    "function_name_too_long": ("a" * 65, None),
    "function_name_too_long_and_invalid_region": (f"{INVALID_REGION}my-function{'a' * 170}", None),
    "incomplete_arn": ("arn:aws:lambda:us-east-1:111111111111:function", None),
    "invalid_account_id_in_partial_arn": ("invalid-account:function:my-function", None),
    "invalid_characters_in_function_name": ("my-function!", None),
    "invalid_characters_in_qualifier": ("my-function", "invalid!"),
    "invalid_region_in_arn": (f"{INVALID_REGION}my-function", None),
    "latest_version_with_additional_qualifier": (f"{PREFIX}my-function:$LATEST", "1"),
    "lowercase_latest_qualifier": (f"{PREFIX}my-function", "$latest"),
    "missing_account_id_in_arn": ("arn:aws:lambda:us-east-1::function:my-function", None),
    "missing_region_in_arn": ("arn:aws:lambda::111111111111:function:my-function", None),
    "misspelled_latest_in_arn": (f"{PREFIX}my-function:$LATES", None),
    "non_lambda_arn": ("arn:aws:ec2:us-east-1:111111111111:instance:i-1234567890abcdef0", None),
    "partial_arn_with_extra_qualifier": ("function:my-function:$LATEST:extra", None),
    "qualifier_too_long": ("my-function", "a" * 129),
    "qualifier_too_long0": ("my-function", "a" * 129),
    "qualifier_too_long1": ("my-function", "a" * 65),
}


def ask(aws: Bridge, operation: str, name: str, qualifier: str | None) -> Any:
    if operation == "create_function":
        named = name if qualifier is None else f"{name}:{qualifier}"
        return answer(
            aws.client.create_function,
            FunctionName=named,
            Runtime="python3.12",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": archive()},
        )
    params = {"FunctionName": name} | ({} if qualifier is None else {"Qualifier": qualifier})
    return answer(getattr(aws.client, operation), **params)


@parity("Function", *cases("Function", "test_function_name_and_qualifier_validation"))
def test_a_wrong_name_or_qualifier_is_refused_in_aws_words(aws: Bridge, recorded: Recording):
    case, _, operation = recorded.case.rpartition("-")
    ours = ask(aws, operation, *NAMES[case])
    if recorded.answers:
        recorded.check(f"{operation}_exception", ours)
    else:  # AWS created the function
        assert ours["ResponseMetadata"]["HTTPStatusCode"] == 201


@parity("Function", "test_invalid_invoke")
def test_a_misspelled_account_is_refused(aws: Bridge, recorded: Recording):
    name = "arn:aws:lambda:us-east-1:123400000000@function:myfn"
    recorded.check("invoke_function_name_pattern_exc", ask(aws, "invoke", name, None))


@parity("Function", *cases("Function", "test_get_function_wrong_region"))
def test_a_function_of_another_region_is_out_of_reach(aws: Bridge, recorded: Recording):
    name = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:any"
    recorded.check("wrong_region_exception", ask(aws, recorded.case, name, None))


@parity("Function", *cases("Function", "test_ops_on_nonexisting_fn"))
def test_a_function_that_does_not_exist_is_not_found(aws: Bridge, recorded: Recording):
    recorded.check("not_found_exception", ask(aws, recorded.case, "no-such-function", None))


@parity("Function", *cases("Function", "test_ops_on_nonexisting_version"))
def test_a_version_that_does_not_exist_is_not_found(aws: Bridge, recorded: Recording):
    ask(aws, "create_function", "exists", None)
    recorded.check("version_not_found_exception", ask(aws, recorded.case, "exists", "1221"))


@parity("Function", *cases("Function", "test_ops_with_arn_qualifier_mismatch"))
def test_name_and_qualifier_must_agree(aws: Bridge, recorded: Recording):
    name = f"{PREFIX}some-function:$LATEST"
    recorded.check("not_match_exception", ask(aws, recorded.case, name, "1"))
    recorded.check("match_exception", ask(aws, recorded.case, name, "$LATEST"))
