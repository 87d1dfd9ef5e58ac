"""Who signed a call of a function URL: verified as every other request is."""

from __future__ import annotations

import asyncio

from lambdad.domain.http import Caller
from lambdad.edge.admission import Admission
from lambdad.edge.identity import Identities
from lambdad.edge.raw_request import RawRequest


class Signers:
    """Finds the caller behind a signature."""

    def __init__(self, identities: Identities, admission: Admission) -> None:
        self._identities = identities
        self._admission = admission

    async def __call__(self, raw: RawRequest) -> Caller | None:
        """The caller; None when nobody signed.

        Raises:
            CredentialsRefused: the signature does not hold, or the caller must be known and is not.
        """
        headers = dict(raw.headers)
        token = headers.get(b"x-amz-security-token")
        identity = self._identities.of(headers.get(b"authorization"), raw.url, None, None, token)
        if identity.caller.access_key is None:
            return None
        if self._admission.is_slow(raw, identity):
            await asyncio.to_thread(self._admission.admit, raw, identity)
        else:
            self._admission.admit(raw, identity)
        return identity.caller
