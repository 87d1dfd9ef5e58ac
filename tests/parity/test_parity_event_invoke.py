"""Event invoke configuration: every recorded answer."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from asking import helped
from bridge import Bridge
from recordings import Recording, answer, parity

FN, ALIAS = "my-fn-1a2b", "eventinvokealias"
NOBODY = "doesnotexist"


@parity("EventInvokeConfig", "test_lambda_eventinvokeconfig_lifecycle")
def test_a_configuration_is_replaced_by_put_and_changed_by_update(aws: Bridge, recorded: Recording):
    client = aws.client
    helped(aws, FN)
    put = partial(client.put_function_event_invoke_config, FunctionName=FN)
    recorded.check("put_invokeconfig_retries_0", put(MaximumRetryAttempts=0))
    recorded.check("put_invokeconfig_eventage_60", put(MaximumEventAgeInSeconds=60))
    update = partial(client.update_function_event_invoke_config, FunctionName=FN)
    recorded.check("update_invokeconfig_eventage_nochange", update(MaximumEventAgeInSeconds=60))
    recorded.check("update_invokeconfig_retries", update(MaximumRetryAttempts=1))
    get = partial(answer, client.get_function_event_invoke_config, FunctionName=FN)
    recorded.check("get_invokeconfig", get())
    recorded.check("get_invokeconfig_latest", get(Qualifier="$LATEST"))
    listed = partial(client.list_function_event_invoke_configs, FunctionName=FN)
    recorded.check("list_single_invokeconfig", listed())
    recorded.check("publish_version_result", client.publish_version(FunctionName=FN))
    recorded.check("get_invokeconfig_postpublish", get(Qualifier="1"))
    recorded.check("put_published_invokeconfig", put(Qualifier="1", MaximumEventAgeInSeconds=120))
    recorded.check("get_published_invokeconfig", get(Qualifier="1"))
    first = listed(MaxItems=1)
    assert len(listed(Marker=first["NextMarker"])["FunctionEventInvokeConfigs"]) == 1
    client.delete_function_event_invoke_config(FunctionName=FN)
    recorded.check("list_paging_nolimit_postdelete", listed())


@parity("EventInvokeConfig", "test_lambda_eventinvokeconfig_exceptions")
def test_every_form_and_every_refusal(aws: Bridge, recorded: Recording):
    arn: str = helped(aws, FN)["FunctionArn"]
    recorded.check("fn_version_result", aws.client.publish_version(FunctionName=FN))
    alias = aws.client.create_alias(FunctionName=FN, Name=ALIAS, FunctionVersion="1")
    recorded.check("fn_alias_result", alias)
    _names_that_nobody_has(aws, recorded, arn)
    _destinations(aws, recorded, arn)
    _forms_of_names(aws, recorded, arn)
    _what_is_not_there(aws, recorded)
    _put_and_update(aws, recorded)
    _deletions(aws, recorded)


def test_the_time_of_the_last_change_is_a_number_on_the_wire(aws: Bridge):
    helped(aws, FN)
    put = aws.client.put_function_event_invoke_config(FunctionName=FN, MaximumRetryAttempts=1)
    answered = aws.ask("GET", f"/2019-09-25/functions/{FN}/event-invoke-config")
    assert isinstance(answered.body, bytes)
    assert json.loads(answered.body)["LastModified"] == put["LastModified"].timestamp()


def _names_that_nobody_has(aws: Bridge, recorded: Recording, arn: str) -> None:
    put = partial(answer, aws.client.put_function_event_invoke_config)
    once: dict[str, Any] = {"MaximumRetryAttempts": 1}
    recorded.check("put_functionname_name_notfound", put(FunctionName=NOBODY, **once))
    recorded.check("put_functionname_arn_notfound", put(FunctionName=arn.replace(FN, NOBODY), **once))
    recorded.check("put_functionname_nootherargs", put(FunctionName=FN))
    recorded.check("put_alias_doesnotexist", put(FunctionName=FN, Qualifier=NOBODY, **once))


def _destinations(aws: Bridge, recorded: Recording, arn: str) -> None:
    put = partial(answer, aws.client.put_function_event_invoke_config, FunctionName=FN)
    other: str = helped(aws, "another-fn")["FunctionArn"]

    def to(side: str, **destination: str) -> Any:
        return put(DestinationConfig={side: destination})

    recorded.check("put_destination_recursive", to("OnSuccess", Destination=arn))
    nowhere = to("OnSuccess", Destination=arn.replace(FN, NOBODY))
    recorded.check("put_destination_lambda_doesntexist", nowhere)
    service = to("OnSuccess", Destination=arn.replace(":lambda:", ":iam:"))
    recorded.check("put_destination_invalid_service_arn", service)
    pattern = to("OnFailure", Destination=arn.replace(":lambda:", ":_-/!lambda:"))
    recorded.check("put_destination_invalid_arn_pattern", pattern)
    recorded.check("put_destination_other_lambda", to("OnSuccess", Destination=other))
    recorded.check("put_destination_success_no_destination_arn", to("OnSuccess"))
    recorded.check("put_destination_failure_no_destination_arn", to("OnFailure"))


def _forms_of_names(aws: Bridge, recorded: Recording, arn: str) -> None:
    put = partial(answer, aws.client.put_function_event_invoke_config, MaximumRetryAttempts=1)
    forms: dict[str, tuple[str, str | None]] = {
        "put_destination_latest": (FN, None),
        "put_destination_latest_explicit_qualifier": (FN, "$LATEST"),
        "put_destination_version": (FN, "1"),
        "put_alias_functionname_qualifier": (FN, ALIAS),
        "put_alias_qualifiedarn": (f"{arn}:{ALIAS}", None),
        "put_alias_qualifiedarn_qualifier": (f"{arn}:{ALIAS}", ALIAS),
        "put_alias_qualifiedarn_qualifierconflict": (f"{arn}:{ALIAS}", "1"),
        "put_alias_shorthand": (f"{FN}:{ALIAS}", None),
        "put_alias_shorthand_qualifier": (f"{FN}:{ALIAS}", ALIAS),
        "put_alias_shorthand_qualifierconflict": (f"{FN}:{ALIAS}", "1"),
        "put_version_shorthand": (f"{FN}:1", None),
        "put_shorthand_qualifier_match": (f"{FN}:$LATEST", "$LATEST"),
        "put_shorthand_qualifier_mismatch_1": (f"{FN}:$LATEST", "1"),
        "put_shorthand_qualifier_mismatch_2": (f"{FN}:1", "$LATEST"),
        "put_shorthand_qualifier_mismatch_3": (f"{FN}:1", ALIAS),
    }
    for key, (name, qualifier) in forms.items():
        recorded.check(key, put(FunctionName=name, **({"Qualifier": qualifier} if qualifier else {})))
    for name in (FN, f"{FN}:1", f"{FN}:{ALIAS}"):
        aws.client.delete_function_event_invoke_config(FunctionName=name)


def _what_is_not_there(aws: Bridge, recorded: Recording) -> None:
    client = aws.client
    get = partial(answer, client.get_function_event_invoke_config)
    recorded.check("get_function_doesnotexist", get(FunctionName=NOBODY))
    recorded.check("get_qualifier_doesnotexist", get(FunctionName=FN, Qualifier=NOBODY))
    recorded.check("get_eventinvokeconfig_doesnotexist", get(FunctionName=FN, Qualifier=ALIAS))
    listed = answer(client.list_function_event_invoke_configs, FunctionName=NOBODY)
    recorded.check("list_function_doesnotexist", listed)
    update = partial(answer, client.update_function_event_invoke_config, MaximumRetryAttempts=0)
    recorded.check("update_eventinvokeconfig_function_doesnotexist", update(FunctionName=NOBODY))
    key = "update_eventinvokeconfig_config_doesnotexist"
    recorded.check(f"{key}_without_qualifier", update(FunctionName=FN))
    recorded.check(f"{key}_with_qualifier", update(FunctionName=FN, Qualifier=ALIAS))
    delete = partial(answer, client.delete_function_event_invoke_config)
    recorded.check("delete_function_doesnotexist", delete(FunctionName=NOBODY))
    recorded.check("delete_function_not_found", delete(FunctionName=FN))


def _put_and_update(aws: Bridge, recorded: Recording) -> None:
    put = partial(aws.client.put_function_event_invoke_config, FunctionName=FN)
    most = put(MaximumRetryAttempts=2, MaximumEventAgeInSeconds=21600)
    recorded.check("put_maxevent_maxvalue_result", most)
    recorded.check("put_pre_overwrite", put(MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60))
    recorded.check("put_post_overwrite", put(MaximumRetryAttempts=0))
    get = partial(aws.client.get_function_event_invoke_config, FunctionName=FN)
    recorded.check("get_post_overwrite", get())
    recorded.check("second_overwrite_existing_response", put(MaximumRetryAttempts=0))
    recorded.check("pre_update_response", put(MaximumRetryAttempts=2, MaximumEventAgeInSeconds=60))
    update = partial(aws.client.update_function_event_invoke_config, FunctionName=FN)
    recorded.check("update_response", update(MaximumRetryAttempts=0))
    recorded.check("update_response_existing", update(MaximumRetryAttempts=0))


def _deletions(aws: Bridge, recorded: Recording) -> None:
    client = aws.client
    for qualifier in ("1", ALIAS):
        client.put_function_event_invoke_config(FunctionName=FN, Qualifier=qualifier, MaximumRetryAttempts=1)
    recorded.check("list_configs", client.list_function_event_invoke_configs(FunctionName=FN))
    delete = partial(client.delete_function_event_invoke_config, FunctionName=FN)
    recorded.check("delete_latest", delete())
    recorded.check("delete_version", delete(Qualifier="1"))
    recorded.check("delete_alias", delete(Qualifier=ALIAS))
    recorded.check("list_configs_postdelete", client.list_function_event_invoke_configs(FunctionName=FN))
