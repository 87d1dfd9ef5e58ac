"""CloudFormation on the endpoint: functions, roles and log groups of stacks are lambdad's own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from calling import started
from companion_calls import ACCOUNT, REGION, eventually, fetch, s3_of

from tests.running import Server, zip_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("stacks") / "data") as made:
        yield made


def settled(server: Server, stack: str) -> tuple[str, dict[str, str]]:
    """Status and outputs of a stack, once nothing is in progress."""
    cloudformation = server.client("cloudformation", ACCOUNT)

    def found() -> Any:
        about = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return None if about["StackStatus"].endswith("_IN_PROGRESS") else about

    about = eventually(found, "the end of the operation")
    if "ROLLBACK" in about["StackStatus"] or about["StackStatus"].endswith("FAILED"):
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [each.get("ResourceStatusReason") for each in events]
        return f"{about['StackStatus']}: {[each for each in reasons if each]}", {}
    return about["StackStatus"], {each["OutputKey"]: each["OutputValue"] for each in about.get("Outputs", [])}


def deploy(server: Server, stack: str, template: dict[str, Any], operation: str = "create") -> dict[str, str]:
    capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
    call = getattr(server.client("cloudformation", ACCOUNT), f"{operation}_stack")
    call(StackName=stack, TemplateBody=json.dumps(template), Capabilities=capabilities)
    status, outputs = settled(server, stack)
    assert status == f"{operation.upper()}_COMPLETE", (status, server.log[-3000:])
    return outputs


def allow(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def template(bucket: str, answer: str) -> dict[str, Any]:
    log = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    policy = {"PolicyName": "logs", "PolicyDocument": {"Version": "2012-10-17", "Statement": [log]}}
    code = f"import layered\ndef handler(event, context):\n    return [layered.WORD, {answer!r}, event.get('n')]\n"
    custom = (
        "import cfnresponse\ndef handler(event, context):\n"
        "    data = {'Word': event['ResourceProperties']['Say'] + event['RequestType']}\n"
        "    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, 'made-once')\n"
    )
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    common = {"Runtime": "python3.11", "Handler": "index.handler", "Role": role, "Timeout": "20"}
    resources: dict[str, Any] = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": allow("lambda.amazonaws.com"), "Policies": [policy]},
        },
        "Layer": {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {"Content": {"S3Bucket": bucket, "S3Key": "layer.zip"}, "LayerName": "words"},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                **common,
                "Code": {"ZipFile": code},
                "Layers": [{"Ref": "Layer"}],
                "ReservedConcurrentExecutions": 5,
                "Environment": {"Variables": {"ANSWER": answer}},
            },
        },
        "Maker": {"Type": "AWS::Lambda::Function", "Properties": {**common, "Code": {"ZipFile": custom}}},
        "Made": {
            "Type": "Custom::Word",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Maker", "Arn"]}, "Say": answer},
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Name": "live",
                "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
            },
        },
        "Url": {
            "Type": "AWS::Lambda::Url",
            "Properties": {"TargetFunctionArn": {"Ref": "Function"}, "AuthType": "NONE"},
        },
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"Subscription": [{"Protocol": "lambda", "Endpoint": {"Ref": "Alias"}}]},
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Alias"},
                "Action": "lambda:InvokeFunction",
                "Principal": "sns.amazonaws.com",
                "SourceArn": {"Ref": "Topic"},
            },
        },
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Sub": "/stack/${AWS::StackName}"}},
        },
    }
    outputs = {
        "Function": {"Ref": "Function"},
        "Alias": {"Ref": "Alias"},
        "Role": {"Ref": "Role"},
        "Topic": {"Ref": "Topic"},
        "Url": {"Fn::GetAtt": ["Url", "FunctionUrl"]},
        "Word": {"Fn::GetAtt": ["Made", "Word"]},
    }
    return {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}


def test_a_stack_is_made_changed_and_removed(server: Server) -> None:
    bucket, stack = f"b-{uuid.uuid4().hex[:8]}", "whole"
    s3_of(server).create_bucket(Bucket=bucket)
    archive = zip_of({"python/layered.py": "WORD = 'layer'"})
    s3_of(server).put_object(Bucket=bucket, Key="layer.zip", Body=archive)
    client, iam = server.client(account=ACCOUNT), server.client("iam", ACCOUNT)

    made = deploy(server, stack, template(bucket, "one"))
    name = made["Function"]
    answer = client.invoke(FunctionName=made["Alias"], Payload=b'{"n": 1}')["Payload"].read()
    assert json.loads(answer) == ["layer", "one", 1]
    assert made["Word"] == "oneCreate"
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 5
    url = client.get_function_url_config(FunctionName=name)["FunctionUrl"]
    assert url.rsplit("/", 2)[1] == made["Url"].rsplit("/", 2)[1]
    assert iam.get_role_policy(RoleName=made["Role"], PolicyName="logs")["PolicyDocument"]["Statement"]
    server.client("sns", ACCOUNT).publish(TopicArn=made["Topic"], Message="m")
    groups = server.client("logs", ACCOUNT).describe_log_groups(logGroupNamePrefix="/stack/whole")
    assert len(groups["logGroups"]) == 1
    eventually(lambda: len([m for m in server.messages(name) if m.startswith("REPORT")]) > 1, "SNS's event")

    changed = deploy(server, stack, template(bucket, "two"), "update")
    assert changed["Function"] == name
    assert changed["Word"] == "twoUpdate"
    answer = client.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()
    assert json.loads(answer) == ["layer", "two", None]

    server.client("cloudformation", ACCOUNT).delete_stack(StackName=stack)
    eventually(lambda: not client.list_functions()["Functions"], "the end of the functions")
    eventually(lambda: not iam.list_roles()["Roles"], "the end of the role")


def test_a_stack_that_fails_says_why_in_the_services_words_and_leaves_nothing(server: Server) -> None:
    broken = template("no-such-bucket", "one")
    client = server.client("cloudformation", ACCOUNT)
    client.create_stack(
        StackName="broken", TemplateBody=json.dumps(broken), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    status, _ = settled(server, "broken")
    assert status.startswith("ROLLBACK_COMPLETE")
    assert "S3 Error Code: NoSuchBucket" in status
    assert "(Service: Lambda, Status Code: 400" in status
    assert not server.client("iam", ACCOUNT).list_roles()["Roles"]


def test_a_stack_may_do_what_its_caller_may(server: Server) -> None:
    iam = server.client("iam", ACCOUNT)
    iam.create_user(UserName="deployer")
    allowed = {"Effect": "Allow", "Action": ["cloudformation:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="deployer", PolicyName="stacks", PolicyDocument=document)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    client = server.client_of(key, "cloudformation", region=REGION)
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": allow("lambda.amazonaws.com")},
    }
    body = json.dumps({"Resources": {"Role": role}})
    client.create_stack(StackName="denied", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    status, _ = settled(server, "denied")
    assert "user/deployer is not authorized to perform: iam:CreateRole" in status


@pytest.mark.full
def test_a_template_of_sam_becomes_functions_an_api_and_a_schedule(server: Server) -> None:
    code = (
        "import json\ndef handler(event, context):\n    print('SAW', event.get('source'))\n"
        "    return {'statusCode': 200, 'body': json.dumps(event.get('rawPath'))}\n"
    )
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "FunctionName": "from-sam",
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "InlineCode": code,
            "Events": {
                "Get": {"Type": "HttpApi", "Properties": {"Path": "/things/{id}", "Method": "get"}},
                "Often": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 minute)"}},
                "Work": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}},
            },
        },
    }
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Function": function, "Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"Api": {"Value": {"Ref": "ServerlessHttpApi"}}},
    }
    api = deploy(server, "sam", template)["Api"]
    status, _, body = fetch(f"{server.url}/things/7", f"{api}.execute-api.localhost:{server.port}")
    assert (status, json.loads(body)) == (200, "/things/7")
    mappings = server.client(account=ACCOUNT).list_event_source_mappings(FunctionName="from-sam")
    assert len(mappings["EventSourceMappings"]) == 1
    events = server.client("events", ACCOUNT)
    rule = next(each for each in events.list_rules()["Rules"] if each["Name"].startswith("sam-"))
    assert events.list_targets_by_rule(Rule=rule["Name"])["Targets"][0]["Arn"].endswith(":from-sam")
    policy = json.loads(server.client(account=ACCOUNT).get_policy(FunctionName="from-sam")["Policy"])
    principals = {each["Principal"]["Service"] for each in policy["Statement"]}
    assert principals == {"apigateway.amazonaws.com", "events.amazonaws.com"}
