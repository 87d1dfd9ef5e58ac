from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lambdad.neighbours.forward import ExternalService
from lambdad.settings import AwsKeys, ServiceEndpoint

pytestmark = pytest.mark.asyncio


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "neighbour")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest_asyncio.fixture
async def tls_endpoint(endpoint, certificate: Path) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, ssl=context)
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    endpoint.hang_up()
    await server.wait_closed()


async def test_a_certificate_nobody_vouches_for_is_refused(tls_endpoint, endpoint, clock, request_of) -> None:
    service = ExternalService("sqs", ServiceEndpoint(tls_endpoint), clock)
    response = await service(request_of(headers={"x-amz-target": "AmazonSQS.SendMessage"}))
    assert response.status == 503
    assert "certificate" in json.loads(response.body)["message"].lower()
    assert endpoint.received == []


async def test_it_is_taken_when_verification_is_off(tls_endpoint, endpoint, clock, request_of) -> None:
    service = ExternalService("sqs", ServiceEndpoint(tls_endpoint, verify=False), clock)
    assert (await service(request_of())).body == b"ok"
    await service.close()


async def test_it_is_taken_when_the_host_trusts_its_issuer(
    tls_endpoint, clock, request_of, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    service = ExternalService("sqs", ServiceEndpoint(tls_endpoint), clock)
    assert (await service(request_of())).body == b"ok"
    await service.close()


async def test_an_unsigned_payload_stays_unsigned_over_tls_only(
    tls_endpoint, endpoint, clock, request_of
) -> None:
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    keys = AwsKeys("AKID", "secret")
    for url in (tls_endpoint, endpoint.url):
        service = ExternalService("s3", ServiceEndpoint(url, keys, verify=False), clock)
        await service(request_of("PUT", "/b/k", headers=headers, body=b"data"))
        await service.close()
    over_tls, in_clear = (got.headers["x-amz-content-sha256"] for got in endpoint.received)
    assert over_tls == "UNSIGNED-PAYLOAD"
    assert len(in_clear) == 64
