"""Provisioned concurrency: every recorded answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from asking import helped
from bridge import Bridge
from recordings import Recording, answer, parity

from lambdad.domain.limits import ACCOUNT_CONCURRENCY, MIN_UNRESERVED_CONCURRENCY

FN = "my-fn-1a2b"


def published(aws: Bridge) -> Any:
    """Version 1 of the function, as the suite publishes it."""
    helped(aws, FN)
    return aws.client.publish_version(FunctionName=FN)


@parity("ProvisionedConcurrency", "test_lambda_provisioned_lifecycle")
def test_it_is_put_on_a_version_or_an_alias_of_it_and_goes_with_them(aws: Bridge, recorded: Recording):
    client = aws.client
    recorded.check("publish_version_result", published(aws))
    created = client.create_alias(FunctionName=FN, Name="alias1", FunctionVersion="1")
    recorded.check("create_alias_result", created)
    put = partial(
        answer, client.put_provisioned_concurrency_config, FunctionName=FN, ProvisionedConcurrentExecutions=1
    )
    recorded.check("put_provisioned_on_version", put(Qualifier="1"))
    recorded.check("put_provisioned_on_alias_versionconflict", put(Qualifier="alias1"))
    deleted = client.delete_provisioned_concurrency_config(FunctionName=FN, Qualifier="1")
    recorded.check("delete_provisioned_version", deleted)
    get = partial(answer, client.get_provisioned_concurrency_config, FunctionName=FN)
    recorded.check("get_provisioned_version_postdelete", get(Qualifier="1"))
    recorded.check("put_provisioned_on_alias", put(Qualifier="alias1"))
    recorded.check("put_provisioned_on_version_conflict", put(Qualifier="1"))
    deleted = client.delete_alias(FunctionName=FN, Name="alias1")
    recorded.check("delete_alias_result", deleted)
    recorded.check("get_provisioned_alias_postaliasdelete", get(Qualifier="alias1"))
    listed = client.list_provisioned_concurrency_configs(FunctionName=FN)
    recorded.check("list_response_postdeletes", listed)


@parity("ProvisionedConcurrency", "test_provisioned_concurrency_exceptions")
def test_what_does_not_exist_is_refused_in_awss_words(aws: Bridge, recorded: Recording):
    client = aws.client
    recorded.check("publish_version_result", published(aws))
    get = partial(answer, client.get_provisioned_concurrency_config)
    nobody = {"FunctionName": "doesnotexist"}
    recorded.check("get_provisioned_config_doesnotexist", get(FunctionName=FN, Qualifier="1"))
    recorded.check("get_provisioned_functionname_doesnotexist", get(**nobody, Qualifier="noalias"))
    recorded.check("get_provisioned_qualifier_doesnotexist", get(FunctionName=FN, Qualifier="noalias"))
    recorded.check("get_provisioned_version_doesnotexist", get(FunctionName=FN, Qualifier="10"))
    recorded.check("get_provisioned_latest", get(FunctionName=FN, Qualifier="$LATEST"))
    delete = partial(answer, client.delete_provisioned_concurrency_config)
    recorded.check("delete_provisioned_config_doesnotexist", delete(FunctionName=FN, Qualifier="1"))
    recorded.check("delete_provisioned_functionname_doesnotexist", delete(**nobody, Qualifier="1"))
    recorded.check("delete_provisioned_qualifier_doesnotexist", delete(FunctionName=FN, Qualifier="noalias"))
    recorded.check("delete_provisioned_version_doesnotexist", delete(FunctionName=FN, Qualifier="10"))
    recorded.check("delete_provisioned_latest", delete(FunctionName=FN, Qualifier="$LATEST"))
    listed = partial(answer, client.list_provisioned_concurrency_configs)
    recorded.check("list_provisioned_functionname_doesnotexist", listed(**nobody))
    recorded.check("list_provisioned_noconfigs", listed(FunctionName=FN))
    put = partial(answer, client.put_provisioned_concurrency_config, ProvisionedConcurrentExecutions=1)
    alias = put(**nobody, Qualifier="noalias")
    recorded.check("put_provisioned_functionname_doesnotexist_alias", alias)
    recorded.check("put_provisioned_functionname_doesnotexist_version", put(**nobody, Qualifier="1"))
    recorded.check("put_provisioned_qualifier_doesnotexist", put(FunctionName=FN, Qualifier="doesnotexist"))
    recorded.check("put_provisioned_version_doesnotexist", put(FunctionName=FN, Qualifier="10"))
    recorded.check("put_provisioned_latest", put(FunctionName=FN, Qualifier="$LATEST"))
    client._serializer = client._serializer._serializer  # the suite's client did not check parameters
    none = put(FunctionName=FN, Qualifier="1", ProvisionedConcurrentExecutions=0)
    recorded.check("put_provisioned_invalid_param_0", none)


@parity("ProvisionedConcurrency", "test_provisioned_concurrency_limits")
def test_the_account_keeps_some_for_everybody(aws: Bridge, recorded: Recording):
    published(aws)
    put = partial(answer, aws.client.put_provisioned_concurrency_config, FunctionName=FN, Qualifier="1")
    recorded.check(
        "put_provisioned_concurrency_account_limit_exceeded",
        put(ProvisionedConcurrentExecutions=ACCOUNT_CONCURRENCY + 1),
    )
    recorded.check(
        "put_provisioned_concurrency_below_unreserved_min_value",
        put(ProvisionedConcurrentExecutions=ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY + 1),
    )
