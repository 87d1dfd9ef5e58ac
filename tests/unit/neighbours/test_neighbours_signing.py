"""Our signer against botocore's, header by header."""

from __future__ import annotations

import datetime as dt

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdad.domain.sigv4 import UNSIGNED_PAYLOAD, hash_of, query_string, s3_object_path, s3_path
from lambdad.neighbours.sigv4_sign import Signer
from lambdad.settings import AwsKeys
from tests.forms import examples

NOW = 1_767_323_045.0
MOMENT = dt.datetime.fromtimestamp(NOW, dt.UTC)
KEYS = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = AwsKeys(KEYS.access_key, KEYS.secret_key, "token/with+signs==")
HOST = "service.eu-west-1.amazonaws.com"


def botocores(
    signer: Signer, method: str, path: str, query, headers, body: bytes, unsigned: bool, patch
) -> str:
    patch.setattr(auth, "get_current_datetime", lambda: MOMENT)
    target = f"https://{HOST}{path}" + (f"?{query_string(query)}" if query else "")
    request = AWSRequest(method, target, headers=dict(headers), data=body)
    request.context["payload_signing_enabled"] = not unsigned
    credentials = Credentials(signer.keys.access_key, signer.keys.secret_key, signer.keys.session_token)
    kind = auth.S3SigV4Auth if signer.service == "s3" else auth.SigV4Auth
    kind(credentials, signer.service, signer.region).add_auth(request)
    return request.headers["Authorization"]


def ours(signer: Signer, method: str, path: str, query, headers, body: bytes, unsigned: bool) -> str:
    payload = UNSIGNED_PAYLOAD if unsigned else hash_of(body)
    return signer.sign(method, path, query, {"host": HOST, **headers}, payload, NOW)["authorization"]


CASES = {
    "sqs json": ("sqs", KEYS, "POST", "/", [], {"x-amz-target": "AmazonSQS.SendMessage"}, b'{"a":1}', False),
    "sqs query": ("sqs", KEYS, "GET", "/0/q", [("Action", "ReceiveMessage"), ("A", "x y+z")], {}, b"", False),
    "dynamodb with a session": (
        "dynamodb",
        SESSION,
        "POST",
        "/",
        [],
        {"x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0"},
        b"{}",
        False,
    ),
    "s3 put": ("s3", KEYS, "PUT", "/b/key", [], {"content-type": "a/b"}, b"data", False),
    "s3 unsigned": ("s3", KEYS, "PUT", "/b/key", [], {"content-md5": "x"}, b"data", True),
    "s3 session": ("s3", SESSION, "GET", "/b/key", [("versionId", "a=b&c")], {}, b"", False),
    "s3 sub-resource": ("s3", KEYS, "GET", "/b", [("uploads", ""), ("prefix", "ä/ö")], {}, b"", False),
    "s3 dots and slashes": ("s3", KEYS, "GET", s3_object_path("b", "a//b/../c %d"), [], {}, b"", False),
    "spaces in a header": ("sqs", KEYS, "POST", "/", [], {"x-amz-meta": "  a   b  "}, b"", False),
    "dots in a path": ("execute-api", KEYS, "GET", "/a/./b//c/../d/", [], {}, b"", False),
    "encoded path": ("lambda", KEYS, "GET", "/x/arn%3Aaws%3Alambda", [("M", "1")], {}, b"", False),
    "repeated keys": ("sqs", KEYS, "GET", "/", [("b", "2"), ("a", "1"), ("b", "1")], {}, b"", False),
}


@pytest.mark.parametrize("name", CASES)
def test_signature_is_botocores(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service, keys, method, path, query, headers, body, unsigned = CASES[name]
    signer = Signer(keys, "eu-west-1", service)
    expected = botocores(signer, method, path, query, headers, body, unsigned, monkeypatch)
    mine = ours(signer, method, path, query, headers, body, unsigned)
    if unsigned:
        assert "x-amz-content-sha256" in mine
    assert mine == expected


@settings(max_examples=examples(200), deadline=None)
@given(
    key=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
    query=st.lists(st.tuples(st.text("abcÄ& =+%/~", min_size=1), st.text("xyö&=+ %/"))),
    body=st.binary(max_size=50),
)
def test_signature_is_botocores_for_any_key_query_and_body(key: str, query, body: bytes) -> None:
    signer = Signer(SESSION, "us-east-1", "s3")
    path = s3_object_path("bucket", key)
    with pytest.MonkeyPatch.context() as patch:
        expected = botocores(signer, "PUT", path, query, {}, body, False, patch)
    assert ours(signer, "PUT", path, query, {}, body, False) == expected


@pytest.mark.parametrize(
    ("path", "canonical"),
    [("/b/a(1)", "/b/a%281%29"), ("/b/a%281%29", "/b/a%281%29"), ("/b/%7e", "/b/~"), ("/b/a+b", "/b/a%2Bb")],
)
def test_s3_paths_have_one_encoding(path: str, canonical: str) -> None:
    assert s3_path(path) == canonical


def test_the_secret_is_not_in_what_is_sent() -> None:
    signed = Signer(SESSION, "us-east-1", "s3").sign("GET", "/", [], {"host": HOST}, hash_of(b""), NOW)
    assert all(SESSION.secret_key not in value for value in signed.values())
    assert SESSION.secret_key not in repr(Signer(SESSION, "us-east-1", "s3"))
