"""Our small signer, with botocore as oracle."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from lambdad.cli.sigv4 import Credentials, sign

NOW = datetime(2026, 11, 23, 3, 5, 20, tzinfo=UTC)


def botocore_signature(monkeypatch, method, url, body, token, service="lambda"):
    request = AWSRequest(method=method, url=url, data=body)
    request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: NOW.replace(tzinfo=None))
    keys = BotoCredentials("AKIDEXAMPLE", "secret", token)
    botocore.auth.SigV4Auth(keys, service, "eu-central-1").add_auth(request)
    return request.headers["Authorization"]


def our_signature(method, url, body, token, service="lambda"):
    parts = urlsplit(url)
    return sign(
        Credentials("AKIDEXAMPLE", "secret", token),
        service=service,
        region="eu-central-1",
        method=method,
        host=parts.netloc,
        path=parts.path,
        query=parts.query,
        body=body,
        now=NOW,
    )["authorization"]


@pytest.mark.parametrize("token", [None, "a session token"])
@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "http://127.0.0.1:4566/2015-03-31/functions/", b""),
        ("POST", "http://localhost:4566/2015-03-31/functions/f/invocations?Qualifier=%24LATEST", b"{}"),
        ("GET", "http://h:1/2015-03-31/functions/arn%3Aaws%3Alambda/configuration?A=1&B=x%20y", b""),
        ("POST", "http://h:1/", b'{"logGroupName": "/aws/lambda/f"}'),
    ],
)
def test_signs_as_botocore_does(monkeypatch, method, url, body, token):
    assert our_signature(method, url, body, token) == botocore_signature(
        monkeypatch, method, url, body, token
    )


@given(body=st.binary(max_size=64), name=st.text("abcXYZ019-_", min_size=1, max_size=20))
def test_signs_any_body_and_name_as_botocore_does(body, name):
    url = f"http://h:1/2015-03-31/functions/{name}/invocations"
    with pytest.MonkeyPatch.context() as patch:
        assert our_signature("POST", url, body, None) == botocore_signature(patch, "POST", url, body, None)


def test_a_different_body_has_a_different_signature():
    assert our_signature("POST", "http://h:1/", b"1", None) != our_signature(
        "POST", "http://h:1/", b"2", None
    )


def test_secrets_do_not_show_in_a_repr():
    assert "hush" not in repr(Credentials("AKID", "hush", "hush too"))
