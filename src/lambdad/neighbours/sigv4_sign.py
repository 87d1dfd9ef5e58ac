"""Signs requests to neighbours, in the form that `domain.sigv4` has for both directions; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.domain import sigv4
from lambdad.settings import AwsKeys


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature, and what for.

    Attributes:
        service: signing name (``s3``, ``sqs`` …).
    """

    keys: AwsKeys
    region: str
    service: str

    def sign(
        self,
        method: str,
        path: str,
        query: sigv4.Pairs,
        headers: Mapping[str, str],
        payload_hash: str,
        now: float,
    ) -> dict[str, str]:
        """The headers to send: those given, the date, the token if any, and the signature over them all.

        Args:
            method: in capitals.
            path: percent-encoded, as it will be sent (for S3: through `s3_path`).
            query: decoded pairs; to be sent as `query_string` writes them.
            headers: in lower case, with `host`; every one is signed.
            payload_hash: `hash_of` the body, or `UNSIGNED_PAYLOAD`.
            now: seconds since the epoch.
        """
        signed = {**headers, "x-amz-date": sigv4.stamp_of(now)}
        if self.keys.session_token is not None:
            signed["x-amz-security-token"] = self.keys.session_token
        if self.service == "s3":
            signed["x-amz-content-sha256"] = payload_hash
        signed["authorization"] = sigv4.authorize(
            self.keys.secret_key,
            self.keys.access_key,
            self.region,
            self.service,
            method=method,
            path=path,
            query=sigv4.query_string(query),
            headers=signed,
            payload_hash=payload_hash,
        )
        return signed
