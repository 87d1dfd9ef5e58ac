"""AWS's published examples.

Source: the signing test suite of awslabs/aws-c-auth; S3 API Reference, "Signature calculations: transferring
payload in multiple chunks" and "… including trailing headers".
"""

from __future__ import annotations

import calendar

import pytest

from lambdad.domain.errors import CredentialsRefused
from lambdad.identity.signatures.verifier import Verifier

SUITE_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SUITE_NOW = calendar.timegm((2015, 8, 30, 12, 36, 0))
HOST = (b"host", b"example.amazonaws.com")
DATE = (b"x-amz-date", b"20150830T123600Z")

HEADER_FORM = {
    "vanilla": ("/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "utf-8 in the path": ("/ሴ", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    "a space": ("/example space/", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    "slashes": ("//example//", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    "relative": (
        "/example1/example2/../..",
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "utf-8 in the query": ("/?ሴ=bar", "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    "order of encoded keys": (
        "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        "",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    "trimmed headers": (
        "/",
        'my-header1: value1|my-header2: "a   b   c"',
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "a repeated header": (
        "/",
        "my-header1:value2|my-header1:value2|my-header1:value1",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
}

PRESIGNED = {
    "order of keys": (
        "/?Param2=value2&Param1=value1",
        "",
        "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
    ),
    "a session token": (
        "/?",
        "&X-Amz-Security-Token=6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
        "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c",
    ),
}


@pytest.mark.parametrize("name", HEADER_FORM)
def test_a_request_of_the_suite_is_verified(name: str) -> None:
    target, lines, signature = HEADER_FORM[name]
    pairs = [line.encode().split(b":", 1) for line in lines.split("|") if line]
    headers = [HOST, *((key, value) for key, value in pairs), DATE]
    names = ";".join(sorted({key.decode() for key, _ in headers}))
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    headers.append((b"authorization", authorization.encode()))
    Verifier(300).verify(b"GET", target.encode(), headers, b"", *SUITE_KEY, SUITE_NOW)
    with pytest.raises(CredentialsRefused):
        Verifier(300).verify(b"GET", target.encode() + b"x", headers, b"", *SUITE_KEY, SUITE_NOW)


@pytest.mark.parametrize("name", PRESIGNED)
def test_a_presigned_request_of_the_suite_is_verified(name: str) -> None:
    target, more, signature = PRESIGNED[name]
    url = (
        f"{target}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"
        f"&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600{more}"
        f"&X-Amz-Signature={signature}"
    )
    Verifier(300).verify(b"GET", url.encode(), [HOST], b"", *SUITE_KEY, SUITE_NOW)
    with pytest.raises(CredentialsRefused):
        Verifier(300).verify(b"GET", url.encode() + b"&a=1", [HOST], b"", *SUITE_KEY, SUITE_NOW)


# --- S3's chunks -----------------------------------------------------------------------------------------

S3_KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
S3_NOW = calendar.timegm((2013, 5, 24, 0, 0, 0))
TARGET = b"/examplebucket/chunkObject.txt"
COMMON = [
    (b"host", b"s3.amazonaws.com"),
    (b"x-amz-date", b"20130524T000000Z"),
    (b"x-amz-storage-class", b"REDUCED_REDUNDANCY"),
    (b"content-encoding", b"aws-chunked"),
    (b"x-amz-decoded-content-length", b"66560"),
    (b"content-length", b"66824"),
]


def authorization(names: str, signature: str) -> tuple[bytes, bytes]:
    text = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={names},Signature={signature}"
    )
    return b"authorization", text.encode()


def pieces(*signed: tuple[bytes, str]) -> bytes:
    return b"".join(
        b"%x;chunk-signature=%s\r\n%s\r\n" % (len(data), signature.encode(), data)
        for data, signature in signed
    )


CHUNKED = (
    [
        *COMMON,
        (b"x-amz-content-sha256", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        authorization(
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
            "x-amz-decoded-content-length;x-amz-storage-class",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        ),
    ],
    pieces(
        (b"a" * 65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (b"a" * 1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ),
)
WITH_TRAILER = (
    [
        *COMMON,
        (b"x-amz-content-sha256", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        (b"x-amz-trailer", b"x-amz-checksum-crc32c"),
        authorization(
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
            "x-amz-storage-class;x-amz-trailer",
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        ),
    ],
    pieces(
        (b"a" * 65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
        (b"a" * 1_024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    )
    + b"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
)


def put(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    Verifier(300).verify(b"PUT", TARGET, headers, body, *S3_KEY, S3_NOW)


def test_chunks_of_the_example_are_verified() -> None:
    put(*CHUNKED)


def test_chunks_of_the_example_with_trailing_headers_are_verified() -> None:
    put(*WITH_TRAILER)


@pytest.mark.parametrize("sent", [CHUNKED, WITH_TRAILER], ids=["chunks", "trailer"])
@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"aaaa\r\n", b"aaab\r\n", 1),
        lambda body: body[:-100],
        lambda body: body[: body.index(b"400;")],
        lambda body: body[body.index(b"400;") :],
        lambda body: body.replace(b"10000;", b"0;", 1),
        lambda body: body.replace(b"10000;", b"ffffffffffffffff;", 1),
        lambda body: body.replace(b"10000;", b"-1;", 1),
        lambda body: body.replace(b"chunk-signature=", b"chunk-signature=0", 1),
        lambda body: body.replace(b";chunk-signature=", b" ;chunk-signature=", 1),
        lambda body: body + b"x-amz-meta-more:1\r\n",
        lambda _: b"",
    ],
)
def test_other_chunks_are_refused(sent: tuple[list[tuple[bytes, bytes]], bytes], change) -> None:
    headers, body = sent
    assert change(body) != body
    with pytest.raises(CredentialsRefused):
        put(headers, change(body))


def test_another_trailing_header_is_refused() -> None:
    headers, body = WITH_TRAILER
    with pytest.raises(CredentialsRefused):
        put(headers, body.replace(b"sOO8/Q==", b"sOO8/A=="))
    with pytest.raises(CredentialsRefused):
        put(headers, body[: body.index(b"x-amz-trailer-signature")])
