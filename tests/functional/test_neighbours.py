"""The companion's services beside Lambda on one endpoint: what they do with functions, as on AWS."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from calling import started
from companion_calls import ACCOUNT, REGION, Recorder, eventually, fetch, s3_of

from tests.running import ROLE, Server, zip_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("neighbours") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def recorder(server: Server) -> Recorder:
    return Recorder(server)


@pytest.fixture
def bucket(server: Server) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3_of(server).create_bucket(Bucket=name)
    return name


def notify(server: Server, bucket: str, arn: str) -> None:
    rules = [{"Name": "prefix", "Value": "in/"}]
    events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    configuration = {"LambdaFunctionArn": arn, "Events": events, "Filter": {"Key": {"FilterRules": rules}}}
    s3_of(server).put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}
    )


def of_s3(bucket: str, name: str, key: str) -> Any:
    def fits(event: Any) -> bool:
        record = event.get("Records", [{}])[0]
        about = record.get("s3", {})
        return (
            about.get("bucket", {}).get("name") == bucket
            and about["object"]["key"] == key
            and record["eventName"].startswith(name)
        )

    return fits


def test_s3_tells_a_function_of_objects_made_and_removed(
    server: Server, recorder: Recorder, bucket: str
) -> None:
    s3 = s3_of(server)
    recorder.permit("s3.amazonaws.com", f"arn:aws:s3:::{bucket}", SourceAccount=ACCOUNT)
    notify(server, bucket, recorder.arn)
    s3.put_object(Bucket=bucket, Key="skipped", Body=b"1")
    s3.put_object(Bucket=bucket, Key="in/a b.txt", Body=b"hello")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="in/parts")["UploadId"]
    tag = s3.upload_part(Bucket=bucket, Key="in/parts", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="in/parts", UploadId=upload, MultipartUpload=parts)
    s3.delete_object(Bucket=bucket, Key="in/a b.txt")
    put = recorder.wait(of_s3(bucket, "ObjectCreated:Put", "in/a+b.txt"))
    assert put["Records"][0]["s3"]["object"]["size"] == 5
    recorder.wait(of_s3(bucket, "ObjectCreated:CompleteMultipartUpload", "in/parts"))
    recorder.wait(of_s3(bucket, "ObjectRemoved:Delete", "in/a+b.txt"))
    assert not any(of_s3(bucket, "", "skipped")(event) for event in recorder.events())


def test_a_bucket_whose_account_the_policy_does_not_name_is_not_let_in(
    server: Server, recorder: Recorder, bucket: str
) -> None:
    recorder.permit("s3.amazonaws.com", f"arn:aws:s3:::{bucket}", SourceAccount="111122223333")
    notify(server, bucket, recorder.arn)
    s3_of(server).put_object(Bucket=bucket, Key="in/no", Body=b"1")
    eventually(lambda: f"for arn:aws:s3:::{bucket}" in server.log, "the refusal in the log")
    assert not any(of_s3(bucket, "", "in/no")(event) for event in recorder.events())


def test_sns_brings_messages_to_a_function(server: Server, recorder: Recorder) -> None:
    sns = server.client("sns", ACCOUNT)
    topic = sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"]
    recorder.permit("sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=recorder.arn)
    attributes = {"a": {"DataType": "String", "StringValue": "v"}}
    sns.publish(TopicArn=topic, Message="hi", Subject="s", MessageAttributes=attributes)
    event = recorder.wait(lambda event: event.get("Records", [{}])[0].get("EventSource") == "aws:sns")
    record = event["Records"][0]["Sns"]
    assert (record["Message"], record["Subject"], record["TopicArn"]) == ("hi", "s", topic)
    assert record["MessageAttributes"] == {"a": {"Type": "String", "Value": "v"}}


def test_eventbridge_brings_what_a_rule_matches(server: Server, recorder: Recorder) -> None:
    events = server.client("events", ACCOUNT)
    pattern = {"source": ["my.app"], "detail": {"n": [{"numeric": [">", 5]}]}}
    rule = events.put_rule(Name="many", EventPattern=json.dumps(pattern))["RuleArn"]
    recorder.permit("events.amazonaws.com", rule)
    events.put_targets(Rule="many", Targets=[{"Id": "1", "Arn": recorder.arn}])
    entry = {"Source": "my.app", "DetailType": "d"}
    events.put_events(Entries=[{**entry, "Detail": '{"n": 3}'}, {**entry, "Detail": '{"n": 9}'}])
    recorder.wait(lambda event: event.get("source") == "my.app" and event["detail"] == {"n": 9})
    assert not any(event.get("detail") == {"n": 3} for event in recorder.events())


def test_scheduler_calls_a_function_with_its_targets_role(server: Server, recorder: Recorder) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    server.client("scheduler", ACCOUNT).create_schedule(
        Name="once",
        ScheduleExpression=f"at({at})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": recorder.arn, "RoleArn": ROLE, "Input": '{"scheduled": 1}'},
    )
    recorder.wait(lambda event: event == {"scheduled": 1})


def run(server: Server, definition: dict[str, Any], given: Any, role: str = ROLE) -> dict[str, Any]:
    """Run a state machine to its end."""
    states = server.client("stepfunctions", ACCOUNT)
    machine = states.create_state_machine(
        name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found: dict[str, Any] = eventually(ended, "the execution's end")
    return found


def task(resource: str, **more: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": resource, "End": True, **more}}}


def test_step_functions_call_a_function_by_the_integration_and_by_its_arn(
    server: Server, recorder: Recorder
) -> None:
    parameters = {"FunctionName": recorder.arn, "Payload.$": "$"}
    optimized = task("arn:aws:states:::lambda:invoke", Parameters=parameters, OutputPath="$.Payload")
    assert json.loads(run(server, optimized, {"x": 1})["output"]) == {"got": {"x": 1}}
    assert json.loads(run(server, task(recorder.arn), {"x": 2})["output"]) == {"got": {"x": 2}}


def test_step_functions_catch_errors_of_a_function_by_their_type(server: Server, recorder: Recorder) -> None:
    definition = task(recorder.arn, Catch=[{"ErrorEquals": ["ValueError"], "Next": "B"}])
    definition["States"]["B"] = {"Type": "Pass", "Result": "caught", "End": True}
    assert json.loads(run(server, definition, {"boom": 1})["output"]) == "caught"
    missing = run(server, task(f"{recorder.arn}-not-there"), {})
    assert (missing["status"], missing["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")


def test_step_functions_map_with_jsonata(server: Server, recorder: Recorder) -> None:
    inner = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": recorder.arn, "Payload": '{% {"n": $states.input * 2} %}'},
        "Output": "{% $states.result.Payload.got.n %}",
        "End": True,
    }
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "B", "States": {"B": inner}}
    outer = {"Type": "Map", "Items": "{% $states.input.l %}", "ItemProcessor": processor, "End": True}
    outer["Output"] = "{% $sum($states.result) %}"
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": outer}}
    assert json.loads(run(server, definition, {"l": [1, 2, 3]})["output"]) == 12


def test_a_state_machine_may_do_with_functions_what_its_role_may(server: Server, recorder: Recorder) -> None:
    iam = server.client("iam", ACCOUNT)
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = iam.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    refused = run(server, task(recorder.arn), {"x": 3}, role)
    assert (refused["status"], refused["error"]) == ("FAILED", "Lambda.AccessDeniedException")
    assert "assumed-role/machine/states is not authorized" in refused["cause"]
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": recorder.arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="machine", PolicyName="invoke", PolicyDocument=policy)
    assert json.loads(run(server, task(recorder.arn), {"x": 3}, role)["output"]) == {"got": {"x": 3}}


def test_an_http_api_answers_by_its_host_and_lets_browsers_in_as_it_says(
    server: Server, recorder: Recorder
) -> None:
    gateway = server.client("apigatewayv2", ACCOUNT)
    cors = {"AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"]}
    api = gateway.create_api(Name="h", ProtocolType="HTTP", CorsConfiguration=cors)["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=recorder.arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="ANY /{proxy+}", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    host = f"{api}.execute-api.{REGION}.amazonaws.com"
    status, _, _ = fetch(f"{server.url}/hello", host)
    assert status >= 500  # not permitted yet
    recorder.permit(
        "apigateway.amazonaws.com", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*/{{proxy+}}"
    )
    status, headers, body = fetch(f"{server.url}/hello/x?q=1", host, Origin="https://app.example")
    assert (status, json.loads(body)) == (201, {"path": "/hello/x"})
    assert headers["x-from"] == "function"
    assert headers["access-control-allow-origin"] == "https://app.example"
    event = recorder.wait(lambda event: event.get("rawPath") == "/hello/x")
    assert (event["version"], event["rawQueryString"]) == ("2.0", "q=1")


def test_a_rest_api_answers_by_its_path(server: Server, recorder: Recorder) -> None:
    gateway = server.client("apigateway", ACCOUNT)
    api = gateway.create_rest_api(name="r")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
    gateway.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{recorder.arn}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="prod")
    recorder.permit("apigateway.amazonaws.com", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*/*")
    status, headers, body = fetch(f"{server.url}/restapis/{api}/prod/_user_request_/foo")
    assert (status, json.loads(body)) == (201, {"path": "/foo"})
    assert headers["Content-Security-Policy"].startswith("sandbox")
    recorder.wait(lambda event: event.get("path") == "/foo" and event["httpMethod"] == "GET")


def test_s3_answers_by_bucket_in_the_host_presigned_and_to_whoever_signs_nothing(
    server: Server, bucket: str
) -> None:
    s3 = s3_of(server)
    large = bytes(range(256)) * 40_000
    s3.put_object(Bucket=bucket, Key="k/ü", Body=large)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k/ü"})
    assert fetch(url)[2] == large
    assert fetch(f"{server.url}/k/%C3%BC", f"{bucket}.s3.localhost:{server.port}")[2] == large
    assert fetch(f"{server.url}/{bucket}/k/%C3%BC")[2] == large


def test_a_function_is_made_of_an_object(server: Server, bucket: str) -> None:
    archive = zip_of({"app.py": "def handler(event, context):\n    return 'from S3'"})
    s3_of(server).put_object(Bucket=bucket, Key="code.zip", Body=archive)
    client = server.client()
    client.create_function(
        FunctionName="from-s3",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"S3Bucket": bucket, "S3Key": "code.zip"},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="from-s3", WaiterConfig={"Delay": 1})
    assert json.loads(client.invoke(FunctionName="from-s3")["Payload"].read()) == "from S3"


def test_destinations_reach_a_queue_and_functions_reach_the_services(server: Server) -> None:
    sqs = server.client("sqs", ACCOUNT)
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    code = """
import boto3
def handler(event, context):
    return boto3.client("sqs").get_queue_url(QueueName="told")["QueueUrl"].rpartition("/")[2]
"""
    name = server.function({"app.py": code}, Timeout=60)
    destination = {"OnSuccess": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"}}
    server.client().put_function_event_invoke_config(FunctionName=name, DestinationConfig=destination)
    server.client().invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')

    def message() -> Any:
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages")
        return found[0] if found else None

    record = json.loads(eventually(message, "the record in the queue")["Body"])
    assert (record["requestPayload"], record["responsePayload"]) == ({"n": 1}, "told")


def test_streams_of_tables_and_of_kinesis_are_read(server: Server) -> None:
    tables, streams = server.client("dynamodb", ACCOUNT), server.client("dynamodbstreams", ACCOUNT)
    table = tables.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    tables.put_item(TableName="orders", Item={"k": {"S": "one"}})
    arn = table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    begin = {"ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(StreamArn=arn, **begin)["ShardIterator"]
    record = streams.get_records(ShardIterator=iterator)["Records"][0]
    assert record["dynamodb"]["NewImage"] == {"k": {"S": "one"}}

    kinesis = server.client("kinesis", ACCOUNT)
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks", WaiterConfig={"Delay": 1})
    shard = kinesis.put_record(StreamName="clicks", Data=b"one", PartitionKey="p")["ShardId"]
    begin = {"ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(StreamName="clicks", **begin)["ShardIterator"]
    assert [each["Data"] for each in kinesis.get_records(ShardIterator=iterator)["Records"]] == [b"one"]


def test_parameters_and_secrets_are_kept(server: Server) -> None:
    parameters, secrets = server.client("ssm", ACCOUNT), server.client("secretsmanager", ACCOUNT)
    parameters.put_parameter(Name="/a", Value="b", Type="String")
    assert parameters.get_parameter(Name="/a")["Parameter"]["Value"] == "b"
    secrets.create_secret(Name="s", SecretString="t")
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "t"


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/%5Fministack/health",
        "//_ministack/health",
        "/_localstack/x",
    ],
)
def test_what_the_companion_has_for_itself_nobody_reaches(server: Server, path: str) -> None:
    s3_of(server).list_buckets()
    signed = (
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    )
    for method in ("GET", "POST"):
        assert fetch(server.url + path, method=method, Authorization=signed)[0] == 404
    port = port_of(json.loads(fetch(f"{server.url}/lambdad/v1/status")[2])["companion"]["pid"])
    assert fetch(f"http://127.0.0.1:{port}{path}")[0] == 403


def port_of(pid: int) -> int:
    """The port that a process listens on."""
    listing = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in listing.splitlines() if f"pid={pid}," in line)
    return int(line.split()[3].rpartition(":")[2])


CALLS_ITSELF = """
import boto3, os
def handler(event, context):
    print("ROUND")
    if "TOPIC" in os.environ:
        boto3.client("sns").publish(TopicArn=os.environ["TOPIC"], Message="again")
    else:
        boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="in/again", Body=b"x")
"""


@pytest.mark.parametrize("service", ["sns", pytest.param("s3", marks=pytest.mark.full)])
def test_a_function_that_calls_itself_through_a_service_is_stopped(
    server: Server, bucket: str, service: str
) -> None:
    sns = server.client("sns")
    topic = sns.create_topic(Name=f"round-{uuid.uuid4().hex[:8]}")["TopicArn"]
    variables = {"TOPIC": topic} if service == "sns" else {"BUCKET": bucket}
    name = server.function({"app.py": CALLS_ITSELF}, Environment={"Variables": variables})
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    server.client().add_permission(
        FunctionName=name,
        StatementId="own",
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
    )
    if service == "sns":
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
        sns.publish(TopicArn=topic, Message="first")
    else:
        notify(server, bucket, arn)
        s3_of(server).put_object(Bucket=bucket, Key="in/first", Body=b"x")

    def rounds() -> int:
        return sum(message.startswith("ROUND") for message in server.messages(name))

    eventually(lambda: rounds() >= 16, "16 rounds")
    time.sleep(1.0)
    assert rounds() == 16
