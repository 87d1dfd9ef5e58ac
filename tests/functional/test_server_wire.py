"""TLS and cross-origin calls of a running server."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from calling import call, started
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from url_calls import RETURNS, open_url

from tests.running import ROLE, Server, zip_of

HELLO = {"app.py": "def handler(event, context):\n    return 'hello'\n"}
PAGE = "https://app.example"
SDK_HEADERS = "authorization,content-type,x-amz-date"


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lambdad test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secure(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that speaks TLS."""
    folder = tmp_path_factory.mktemp("secure")
    options = ("--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1]))
    with started(folder / "data", *options, scheme="https") as server:
        yield server


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that pages of one origin may call."""
    with started(tmp_path_factory.mktemp("web") / "data", "--cors-origins", PAGE) as server:
        yield server


def test_boto3_works_over_tls_with_the_certificate_checked(
    secure: Server, certificate: tuple[Path, Path]
) -> None:
    client = boto3.client(
        "lambda",
        endpoint_url=secure.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=str(certificate[0]),
    )
    client.create_function(
        FunctionName="tls",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": zip_of(HELLO)},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="tls", WaiterConfig={"Delay": 0.05})
    assert json.loads(client.invoke(FunctionName="tls")["Payload"].read()) == "hello"
    location = client.get_function(FunctionName="tls")["Code"]["Location"]
    assert location.startswith("https://127.0.0.1:")
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    with urllib.request.urlopen(location, context=trust) as answer:
        assert answer.read() == zip_of(HELLO)
    client.close()


def test_a_function_behind_a_url_hears_of_tls(secure: Server, certificate: tuple[Path, Path]) -> None:
    secure.clients["lambda", "test", "us-east-1"] = client = boto3.client(
        "lambda",
        endpoint_url=secure.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=str(certificate[0]),
    )
    url_id = open_url(secure, secure.function({"app.py": RETURNS})).url_id
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    with urllib.request.urlopen(f"{secure.url}/lambdad/v1/url/{url_id}/event", context=trust) as answer:
        headers = json.load(answer)["headers"]
    assert headers["x-amzn-tls-version"].startswith("TLSv1.")
    assert headers["x-amzn-tls-cipher-suite"]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", str(secure.port))
    client.close()


def test_plain_http_to_a_tls_port_does_no_harm(secure: Server, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(OSError), urllib.request.urlopen(f"http://127.0.0.1:{secure.port}/health"):
        pass
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    with urllib.request.urlopen(f"{secure.url}/health", context=trust) as answer:
        assert answer.status == 200


def test_old_tls_is_refused(secure: Server) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", secure.port)) as plain, pytest.raises(OSError):
        old.wrap_socket(plain)


def ask(server: Server, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(server.url + path, method=method, headers=named)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, {key.lower(): value for key, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {key.lower(): value for key, value in error.headers.items()}, error.read()


INVOCATIONS = "/2015-03-31/functions/{}/invocations"


def test_a_page_of_a_configured_origin_may_invoke(web: Server) -> None:
    name = web.function(HELLO)
    path = INVOCATIONS.format(name)
    status, headers, _ = ask(
        web,
        "OPTIONS",
        path,
        Origin=PAGE,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers=SDK_HEADERS,
    )
    assert status == 204
    assert headers["access-control-allow-origin"] == PAGE
    assert "POST" in headers["access-control-allow-methods"]
    assert headers["access-control-allow-headers"] == SDK_HEADERS
    status, headers, body = ask(web, "POST", path, Origin=PAGE)
    assert (status, body) == (200, b'"hello"')
    assert headers["access-control-allow-origin"] == PAGE
    assert "x-amzn-requestid" in headers["access-control-expose-headers"].lower()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://app.example", "https://app.example:444", "null"]
)
def test_a_page_of_any_other_origin_may_not(web: Server, origin: str) -> None:
    name = web.function({"app.py": "def handler(event, context):\n    print('reached')\n"})
    for method in ("OPTIONS", "POST"):
        status, headers, _ = ask(web, method, INVOCATIONS.format(name), Origin=origin)
        assert status == 403
        assert "access-control-allow-origin" not in headers
    assert web.messages(name) == []


def test_clients_that_are_no_browsers_are_not_concerned(web: Server) -> None:
    assert call(web, web.function(HELLO)).body == "hello"
