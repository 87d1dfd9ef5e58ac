"""Reserved concurrency: every recorded answer."""

from __future__ import annotations

from functools import partial

from asking import helped
from bridge import Bridge
from recordings import Recording, answer, parity

from lambdad.domain.limits import ACCOUNT_CONCURRENCY, MIN_UNRESERVED_CONCURRENCY

FN = "my-fn-1a2b"


@parity("ReservedConcurrency", "test_function_concurrency")
def test_concurrency_is_reserved_and_given_back(aws: Bridge, recorded: Recording):
    helped(aws, FN)
    put = partial(aws.client.put_function_concurrency, FunctionName=FN)
    recorded.check("put_function_concurrency_with_reserved_0", put(ReservedConcurrentExecutions=0))
    recorded.check("put_function_concurrency_with_reserved_1", put(ReservedConcurrentExecutions=1))
    get = partial(aws.client.get_function_concurrency, FunctionName=FN)
    recorded.check("get_function_concurrency", get())
    recorded.check("delete_response", aws.client.delete_function_concurrency(FunctionName=FN))
    recorded.check("get_function_concurrency_after_delete", get())


@parity("ReservedConcurrency", "test_function_concurrency_exceptions")
def test_it_is_reserved_for_whole_functions_that_exist(aws: Bridge, recorded: Recording):
    put = partial(answer, aws.client.put_function_concurrency)
    key = "put_function_concurrency_with_function_name_doesnotexist"
    recorded.check(key, put(FunctionName="doesnotexist", ReservedConcurrentExecutions=1))
    too_much = put(FunctionName="doesnotexist", ReservedConcurrentExecutions=ACCOUNT_CONCURRENCY + 1)
    recorded.check(f"{key}_and_invalid_concurrency", too_much)
    arn = helped(aws, FN)["FunctionArn"]
    aws.client.publish_version(FunctionName=FN)
    qualified = put(FunctionName=f"{arn}:1", ReservedConcurrentExecutions=1)
    recorded.check("put_function_concurrency_with_qualified_arn", qualified)


@parity("ReservedConcurrency", "test_function_concurrency_limits")
def test_the_account_keeps_a_hundred_for_everybody(aws: Bridge, recorded: Recording):
    helped(aws, FN)
    put = partial(answer, aws.client.put_function_concurrency, FunctionName=FN)
    for key, executions in {
        "put_function_concurrency_account_limit_exceeded": ACCOUNT_CONCURRENCY + 1,
        "put_function_concurrency_below_unreserved_min_value": (
            ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY + 1
        ),
    }.items():
        recorded.check(key, put(ReservedConcurrentExecutions=executions))
    most = ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY
    assert put(ReservedConcurrentExecutions=most)["ReservedConcurrentExecutions"] == most
