"""Aliases: every recorded answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from asking import plain
from bridge import Bridge
from recordings import Recording, answer, parity

FN = "my-fn-1a2b"


def staged(aws: Bridge, **given: Any) -> Any:
    """The function as the suite creates it."""
    return plain(aws, FN, Environment={"Variables": {"testenv": "staging"}}, **given)


def published_twice(aws: Bridge, recorded: Recording, **given: Any) -> None:
    """The function with versions 1 and 2."""
    client = aws.client
    recorded.check("create_response", staged(aws, **given))
    recorded.check("publish_v1", client.publish_version(FunctionName=FN))
    client.update_function_configuration(FunctionName=FN, Environment={"Variables": {"testenv": "prod"}})
    aws.settle()
    recorded.check("publish_v2", client.publish_version(FunctionName=FN))


def listed(aws: Bridge) -> Any:
    """All aliases, as a paginator puts them together."""
    return aws.client.get_paginator("list_aliases").paginate(FunctionName=FN).build_full_result()


@parity("Alias", "test_alias_lifecycle")
def test_aliases_are_made_moved_and_deleted(aws: Bridge, recorded: Recording):
    client = aws.client
    published_twice(aws, recorded)
    create = partial(client.create_alias, FunctionName=FN)
    described = partial(create, Description="custom-alias")
    weighted = described(
        Name="aliasname1_1", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}}
    )
    recorded.check("create_alias_1_1", weighted)
    recorded.check("create_alias_1_2", described(Name="aliasname1_2", FunctionVersion="1"))
    recorded.check("create_alias_1_3", create(Name="aliasname1_3", FunctionVersion="1"))
    recorded.check("create_alias_2", described(Name="aliasname2", FunctionVersion="2"))
    for name in ("1_1", "1_2", "1_3", "2"):
        recorded.check(f"get_alias_{name}", client.get_alias(FunctionName=FN, Name=f"aliasname{name}"))
    _functions_by_alias(aws, recorded)
    recorded.check("list_aliases_for_fnname", listed(aws))
    unweighted = client.update_alias(
        FunctionName=FN, Name="aliasname1_1", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    recorded.check("update_alias_1_1", unweighted)
    get = partial(client.get_alias, FunctionName=FN)
    recorded.check("get_alias_1_1_after_update", get(Name="aliasname1_1"))
    recorded.check("list_aliases_for_fnname_after_update", client.list_aliases(FunctionName=FN))
    recorded.check("update_alias_1_2", client.update_alias(FunctionName=FN, Name="aliasname1_2"))
    recorded.check("get_alias_1_2_after_update", get(Name="aliasname1_2"))
    recorded.check("list_aliases_for_fnname_after_update_2", client.list_aliases(FunctionName=FN))
    of_version = client.list_aliases(FunctionName=FN, FunctionVersion="1")
    recorded.check("list_aliases_for_version", of_version)
    deleted = client.delete_alias(FunctionName=FN, Name="aliasname1_1")
    recorded.check("delete_alias_response", deleted)
    recorded.check("list_aliases_for_fnname_afterdelete", client.list_aliases(FunctionName=FN))


def _functions_by_alias(aws: Bridge, recorded: Recording) -> None:
    get, arn = aws.client.get_function, f"arn:aws:lambda:us-east-1:111111111111:function:{FN}"
    recorded.check("get_function_alias_1_1", get(FunctionName=FN, Qualifier="aliasname1_1"))
    recorded.check("get_function_byarn_alias_1_1", get(FunctionName=f"{arn}:aliasname1_1"))
    missing = answer(get, FunctionName=FN, Qualifier="aliasdoesnotexist")
    recorded.check("get_function_alias_notfound_exc", missing)
    missing = answer(get, FunctionName=f"{arn}:aliasdoesnotexist")
    recorded.check("get_function_alias_byarn_notfound_exc", missing)


@parity("Alias", "test_alias_naming")
def test_a_name_is_no_number(aws: Bridge, recorded: Recording):
    client = aws.client
    recorded.check("create_response", staged(aws))
    recorded.check("publish_v1", client.publish_version(FunctionName=FN))
    create = partial(client.create_alias, FunctionName=FN, FunctionVersion="1", Description="custom-alias")
    recorded.check("create_alias_number_exception", answer(create, Name="2024"))
    recorded.check("create_alias_date", create(Name="2024-01-02"))
    recorded.check("get_alias_date", client.get_alias(FunctionName=FN, Name="2024-01-02"))


@parity("Alias", "test_non_existent_alias_deletion")
def test_what_does_not_exist_counts_as_deleted(aws: Bridge, recorded: Recording):
    recorded.check("create_response", staged(aws))
    deleted = aws.client.delete_alias(FunctionName=FN, Name="non-existent")
    recorded.check("delete_alias_response", deleted)


@parity("Alias", "test_non_existent_alias_update")
def test_what_does_not_exist_cannot_be_moved(aws: Bridge, recorded: Recording):
    recorded.check("create_response", staged(aws))
    updated = answer(aws.client.update_alias, FunctionName=FN, Name="non-existent")
    recorded.check("update_alias_response", updated)


@parity("Alias", "test_notfound_and_invalid_routingconfigs")
def test_what_an_alias_cannot_point_at_is_refused_in_awss_words(aws: Bridge, recorded: Recording):
    client = aws.client
    published_twice(aws, recorded, Publish=True)
    client._serializer = client._serializer._serializer  # the suite's client did not check parameters

    def create(name: str = "custom", version: str = "1", function: str = FN, **weights: float) -> Any:
        return answer(
            client.create_alias,
            FunctionName=function,
            Name=name,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    recorded.check("routing_config_exc_toomany", create(**{"1": 0.8, "2": 0.2}))
    recorded.check("routing_config_exc_toohigh", create(**{"2": 2}))
    recorded.check("routing_config_exc_subzero", create(**{"2": -1}))
    recorded.check("routing_config_exc_sameversion", create(**{"1": 0.5}))
    recorded.check("routing_config_exc_version_doesnotexist", create(**{"10": 0.5}))
    recorded.check("target_version_doesnotexist", create(version="10", **{"2": 0.5}))
    recorded.check("target_version_exc_version_latest", create(version="$LATEST", **{"1": 0.5}))
    recorded.check("routing_config_exc_version_latest", create(**{"$LATEST": 0.5}))
    latest = client.create_alias(FunctionName=FN, Name="custom-latest", FunctionVersion="$LATEST")
    recorded.check("create-alias-latest", latest)
    recorded.check("routing_config_exc_fn_doesnotexist", create(function=f"{FN}-unknown", **{"2": 0.5}))
    recorded.check("create_alias_empty_routingconfig", create("custom-empty-routingconfig"))
    recorded.check("create_alias_response", create(**{"2": 0.5}))
    recorded.check("routing_config_exc_already_exist", create(**{"2": 0.5}))
    missing = answer(client.get_alias, FunctionName=FN, Name="non-existent")
    recorded.check("alias_does_not_exist_esc", missing)
