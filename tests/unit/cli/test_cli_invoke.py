"""`lambdad invoke` against a server that answers as lambdad would."""

import base64
import io
import json

import pytest


@pytest.fixture(autouse=True)
def _function(fake):
    fake.functions["f"] = {"FunctionName": "f"}


def test_prints_the_answer_untouched(fake, lambdad):
    fake.invoke_answer = (200, {}, b'{"b":1,   "a":2}')
    ran = lambdad("invoke", "f")
    assert (ran.status, ran.out, ran.err) == (0, '{"b":1,   "a":2}\n', "")


def test_sends_an_empty_object_by_default_and_a_literal_as_it_is(fake, lambdad):
    lambdad("invoke", "f")
    lambdad("invoke", "f", "-p", '{"x": 1}')
    assert [one.body for one in fake.seen] == [b"{}", b'{"x": 1}']


def test_reads_the_payload_from_a_file(fake, lambdad, tmp_path):
    (tmp_path / "event.json").write_text("[1, 2]")
    assert lambdad("invoke", "f", "--payload", f"@{tmp_path}/event.json").status == 0
    assert fake.seen[0].body == b"[1, 2]"


def test_reads_the_payload_from_stdin(fake, lambdad, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'"from stdin"')))
    assert lambdad("invoke", "f", "-p", "-").status == 0
    assert fake.seen[0].body == b'"from stdin"'


def test_refuses_a_literal_that_is_not_json_before_asking_the_server(fake, lambdad):
    ran = lambdad("invoke", "f", "-p", "{oops")
    assert ran.status == 2
    assert "is not JSON" in ran.err
    assert "@FILE" in ran.err
    assert fake.seen == []


def test_names_a_payload_file_that_is_not_there(fake, lambdad, tmp_path):
    ran = lambdad("invoke", "f", "-p", f"@{tmp_path}/none.json")
    assert (ran.status, ran.err) == (
        2,
        f"lambdad: --payload @{tmp_path}/none.json: No such file or directory\n",
    )


def test_passes_the_qualifier_on(fake, lambdad):
    lambdad("invoke", "f", "-q", "$LATEST")
    assert fake.seen[0].query == {"Qualifier": "$LATEST"}


def test_a_failed_function_prints_its_error_object_and_exits_with_1(fake, lambdad):
    fake.invoke_answer = (200, {"X-Amz-Function-Error": "Unhandled"}, b'{"errorMessage": "no"}')
    ran = lambdad("invoke", "f")
    assert (ran.status, ran.out) == (1, '{"errorMessage": "no"}\n')


def test_tail_prints_the_log_to_stderr(fake, lambdad):
    log = base64.b64encode(b"START RequestId: 1\nEND RequestId: 1\n").decode()
    fake.invoke_answer = (200, {"X-Amz-Log-Result": log}, b"1")
    ran = lambdad("invoke", "f", "--tail")
    assert (ran.out, ran.err) == ("1\n", "START RequestId: 1\nEND RequestId: 1\n")
    assert fake.seen[0].headers["x-amz-log-type"] == "Tail"


def test_json_tells_everything_about_the_invocation(fake, lambdad):
    log = base64.b64encode(b"END\n").decode()
    headers = {"X-Amz-Log-Result": log, "X-Amz-Executed-Version": "3", "X-Amz-Function-Error": "Unhandled"}
    fake.invoke_answer = (200, headers, b'{"errorType": "E"}')
    ran = lambdad("invoke", "f", "--json")
    assert ran.status == 1
    assert ran.document == {
        "status": 200,
        "functionError": "Unhandled",
        "executedVersion": "3",
        "log": "END\n",
        "payload": {"errorType": "E"},
    }


def test_json_carries_an_answer_that_is_not_json_as_text(fake, lambdad):
    fake.invoke_answer = (200, {}, b"plain")
    assert lambdad("invoke", "f", "--json").document["payload"] == "plain"


def test_says_what_to_do_when_the_function_is_unknown(fake, lambdad):
    ran = lambdad("invoke", "nobody")
    assert ran.status == 1
    assert ran.err == (
        "lambdad: ResourceNotFoundException: Function not found: nobody ('lambdad ls' shows what there is)\n"
    )


def test_says_what_to_do_when_no_server_answers(fake, lambdad):
    ran = lambdad("invoke", "f", "--endpoint", "http://127.0.0.1:1")
    assert ran.status == 1
    assert ran.err.startswith("lambdad: no lambdad answers at http://127.0.0.1:1: start one with")
    assert ran.err.count("\n") == 1


def test_refuses_an_endpoint_that_is_no_url(lambdad):
    ran = lambdad("invoke", "f", "--endpoint", "localhost:4566")
    assert (ran.status, ran.err.count("\n")) == (2, 1)


def test_an_event_is_queued_and_its_request_id_printed(fake, lambdad):
    fake.invoke_answer = (202, {"x-amzn-RequestId": "the-id"}, b"")
    ran = lambdad("invoke", "f", "--async", "-p", "[1]")
    assert (ran.status, ran.out, ran.err) == (0, "the-id\n", "")
    assert fake.seen[0].headers["x-amz-invocation-type"] == "Event"
    assert fake.seen[0].body == b"[1]"
    ran = lambdad("invoke", "f", "--async", "--json")
    assert json.loads(ran.out) == {"status": 202, "requestId": "the-id"}


def test_the_log_of_what_runs_later_cannot_be_shown(fake, lambdad):
    ran = lambdad("invoke", "f", "--async", "--tail")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert fake.seen == []


def test_an_arn_is_one_segment_of_the_path(fake, lambdad):
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    lambdad("invoke", arn)
    assert fake.seen[0].path == f"/2015-03-31/functions/{arn.replace(':', '%3A')}/invocations"


def test_missing_name_is_wrong_usage(lambdad):
    ran = lambdad("invoke")
    assert ran.status == 2
    assert "NAME" in ran.err


def test_answers_of_the_server_that_are_not_aws_errors_still_make_one_line(fake, lambdad):
    fake.invoke_answer = (502, {}, b"<html>bad gateway</html>")
    ran = lambdad("invoke", "f")
    assert (ran.status, ran.err) == (1, "lambdad: HTTP 502: <html>bad gateway</html>\n")


def test_the_region_of_the_signature_is_the_one_asked_for(fake, lambdad, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    lambdad("invoke", "f")
    lambdad("invoke", "f", "--region", "ap-south-1")
    scopes = [one.headers["authorization"].split("/")[2] for one in fake.seen]
    assert scopes == ["eu-west-1", "ap-south-1"]


def test_the_access_key_of_the_environment_names_the_account(fake, lambdad, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    lambdad("invoke", "f")
    assert "Credential=111122223333/" in fake.seen[0].headers["authorization"]
    assert fake.seen[0].headers["x-amz-security-token"] == "token"


def test_without_credentials_the_default_account_is_meant(fake, lambdad):
    lambdad("invoke", "f")
    assert "Credential=test/" in fake.seen[0].headers["authorization"]


def test_json_output_is_one_line_for_scripts(fake, lambdad):
    ran = lambdad("invoke", "f", "--json")
    assert ran.out.count("\n") == 1
    assert json.loads(ran.out)["status"] == 200
