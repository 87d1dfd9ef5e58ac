"""Which operation a request asks for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from awsapi_oracle import a_request, every_operation

from lambdad.awsapi import known, model
from lambdad.awsapi.model import Operation
from lambdad.awsapi.routes import PathRouter, lambda_service_for, router_for
from lambdad.domain.errors import UnknownOperation

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def matched(method: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> tuple[str, dict[str, str]]:
    operation, labels = router_for(model.load("lambda")).match(a_request(method, path, query))
    return operation.name, dict(labels)


def routed(*routes: tuple[str, str]) -> PathRouter:
    loaded = model.load("lambda")
    return PathRouter(
        Operation(loaded, name, {"http": {"method": "GET", "requestUri": path}}) for name, path in routes
    )


F = {"FunctionName": "f"}
PROVISIONED = "/2019-09-30/functions/f/provisioned-concurrency"
INVOKE_CONFIGS = "/2019-09-25/functions/f/event-invoke-config/list"


@pytest.mark.parametrize(
    ("method", "path", "query", "expected", "labels"),
    [
        ("GET", "/2015-03-31/functions", (), "ListFunctions", {}),
        ("GET", "/2015-03-31/functions/", (), "ListFunctions", {}),
        ("POST", "/2015-03-31/functions", (), "CreateFunction", {}),
        ("GET", "/2015-03-31/functions/f", (), "GetFunction", F),
        ("DELETE", "/2015-03-31/functions/f", (), "DeleteFunction", F),
        ("GET", f"/2015-03-31/functions/{ARN}", (), "GetFunction", {"FunctionName": ARN}),
        ("PUT", "/2015-03-31/functions/a%3Ab/code", (), "UpdateFunctionCode", {"FunctionName": "a:b"}),
        ("POST", "/2015-03-31/functions/f/invocations", (), "Invoke", F),
        ("GET", "/2017-03-31/tags/" + ARN.replace(":", "%3A"), (), "ListTags", {"Resource": ARN}),
        ("GET", "/2026-07-09/resource-policy/a%2Fb", (), "GetResourcePolicy", {"ResourceArn": "a/b"}),
        ("GET", "/2018-10-31/layers", (), "ListLayers", {}),
        ("GET", "/2018-10-31/layers", (("find", "LayerVersion"), ("Arn", "x")), "GetLayerVersionByArn", {}),
        ("GET", "/2018-10-31/layers", (("find", "other"),), "ListLayers", {}),
        ("GET", PROVISIONED, (("List", "ALL"),), "ListProvisionedConcurrencyConfigs", F),
        ("GET", PROVISIONED, (("Qualifier", "1"),), "GetProvisionedConcurrencyConfig", F),
        ("GET", INVOKE_CONFIGS, (), "ListFunctionEventInvokeConfigs", F),
    ],
)
def test_method_path_and_static_query_choose_the_operation(
    method: str, path: str, query: tuple[tuple[str, str], ...], expected: str, labels: dict[str, str]
) -> None:
    assert matched(method, path, query) == (expected, labels)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/nope"),
        ("PATCH", "/2015-03-31/functions/f"),
        ("GET", "/2015-03-31/functions/f/invocations"),
        ("GET", "/2015-03-31/functions/f/nope"),
        ("POST", "/2015-03-31/functions//invocations"),
        ("GET", "/2015-03-31/functions/a/b/c/d/e/f/g"),
    ],
)
def test_unknown_paths_and_wrong_methods_match_nothing(method: str, path: str) -> None:
    with pytest.raises(UnknownOperation, match="No operation matches"):
        matched(method, path)


def test_a_literal_segment_wins_over_a_label() -> None:
    router = routed(("Any", "/things/{Name}"), ("List", "/things/all"))
    assert router.match(a_request("GET", "/things/all")).operation.name == "List"
    assert router.match(a_request("GET", "/things/one")).labels == {"Name": "one"}


def test_a_literal_that_leads_nowhere_gives_way_to_a_label() -> None:
    router = routed(("Sub", "/things/{Name}/sub"), ("List", "/things/all"))
    assert router.match(a_request("GET", "/things/all/sub")).labels == {"Name": "all"}


def test_a_greedy_label_takes_several_segments_and_stops_for_what_follows() -> None:
    router = routed(("Object", "/{Bucket}/{Key+}"), ("Tail", "/tail/{Key+}/end"))
    assert router.match(a_request("GET", "/b/a/b%20c/d")).labels == {"Bucket": "b", "Key": "a/b c/d"}
    found = router.match(a_request("GET", "/tail/x/y/end"))
    assert (found.operation.name, found.labels) == ("Tail", {"Key": "x/y"})


def test_a_target_names_the_operation_of_a_json_service() -> None:
    router = router_for(model.load("logs"))
    headers = {"x-amz-target": "Logs_20140328.CreateLogGroup"}
    assert router.match(a_request("POST", "/", headers=headers)).operation.name == "CreateLogGroup"


@pytest.mark.parametrize("target", ["", "CreateLogGroup", "Logs_20140328.Nope", "Other.CreateLogGroup"])
def test_other_targets_match_nothing(target: str) -> None:
    with pytest.raises(UnknownOperation):
        router_for(model.load("logs")).match(a_request("POST", "/", headers={"x-amz-target": target}))


def test_an_action_names_the_operation_of_a_query_service() -> None:
    router = router_for(model.load("sts"))
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert router.match(a_request("POST", "/", body=body)).operation.name == "GetCallerIdentity"
    query = (("Action", "GetCallerIdentity"),)
    assert router.match(a_request("GET", "/", query)).operation.name == "GetCallerIdentity"
    with pytest.raises(UnknownOperation, match="Could not find operation Nope for version 1"):
        router.match(a_request("POST", "/", body=b"Action=Nope&Version=1"))


@pytest.mark.parametrize(
    ("service", "name"), [(s, n) for s, n in every_operation() if s.startswith("lambda")]
)
def test_the_four_lambda_models_share_one_endpoint(service: str, name: str) -> None:
    operation = model.load(service).operations[name]
    path = operation.path.replace("{", "").replace("}", "")
    found = lambda_service_for(a_request(operation.method, path, operation.static_query))
    shared = service == "lambda-microvms" and name in ("TagResource", "UntagResource", "ListTags")
    assert found == ("lambda" if shared else service)


def test_tags_of_microvm_images_go_to_their_own_model() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:microvm-image:i"
    assert lambda_service_for(a_request("GET", f"/2017-03-31/tags/{arn}")) == "lambda-microvms"
    with pytest.raises(UnknownOperation):
        lambda_service_for(a_request("GET", "/nope"))


def test_every_operation_of_the_pinned_botocore_has_been_decided_on() -> None:
    assert known.differences(known.recorded(), known.current()) == []


def test_a_new_a_lost_and_a_moved_operation_are_told() -> None:
    before = {"lambda": {"Kept": "GET /a", "Lost": "GET /b", "Moved": "GET /c"}}
    after = {"lambda": {"Kept": "GET /a", "Moved": "PUT /c", "New": "GET /d"}}
    assert known.differences(before, after) == [
        "lambda Lost: GET /b -> absent",
        "lambda Moved: GET /c -> PUT /c",
        "lambda New: absent -> GET /d",
    ]


def test_the_newest_version_of_a_model_is_read() -> None:
    versions = sorted(path.name for path in (model.data_folder() / "lambda").iterdir() if path.is_dir())
    assert all(older < newer for older, newer in pairwise(versions))
    assert model.load("lambda").api_version == versions[-1]


@pytest.mark.parametrize("name", ["no-such-service", "../lambda", "", "lambda/2015-03-31"])
def test_an_unknown_service_has_no_model(name: str) -> None:
    with pytest.raises(model.UnknownService):
        model.load(name)


def test_the_record_is_written_on_request_and_told_apart_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(known, "_FILE", tmp_path / "known.json")
    assert known.main([]) == 1
    assert "lambda Invoke: absent -> POST /2015-03-31/functions/{FunctionName}/invocations" in (
        capsys.readouterr().out.splitlines()
    )
    assert known.main(["--write"]) == 0
    capsys.readouterr()
    assert known.main([]) == 0
    assert capsys.readouterr().out == ""


def test_operations_know_what_they_may_answer() -> None:
    assert "ResourceNotFoundException" in model.load("lambda").operations["GetFunction"].errors


def test_without_botocore_there_is_no_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(model.UnknownService, match="not installed"):
        model.data_folder.__wrapped__()
