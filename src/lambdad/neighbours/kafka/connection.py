"""How aiokafka is told to reach a cluster, and what its errors mean."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import Any

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection

from lambdad.domain.kafka_record import Access
from lambdad.domain.limits import KAFKA_REQUEST_S
from lambdad.ports.kafka import KafkaTrouble, Trouble

_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Trouble], ...] = (
    (
        (
            *(errors.AuthenticationFailedError, errors.SaslAuthenticationFailed),
            *(errors.AuthenticationMethodNotSupported, errors.UnsupportedSaslMechanismError),
            errors.IllegalSaslStateError,
        ),
        Trouble.LOGIN,
    ),
    (
        (
            *(errors.TopicAuthorizationFailedError, errors.GroupAuthorizationFailedError),
            errors.ClusterAuthorizationFailedError,
        ),
        Trouble.FORBIDDEN,
    ),
    ((errors.UnknownTopicOrPartitionError, errors.InvalidTopicError), Trouble.TOPIC),
    (
        (
            *(errors.CommitFailedError, errors.IllegalStateError, errors.RebalanceInProgressError),
            *(errors.UnknownMemberIdError, errors.IllegalGenerationError),
            *(errors.InconsistentGroupProtocolError, errors.NonEmptyGroup),
        ),
        Trouble.GROUP,
    ),
    (ssl.SSLCertVerificationError, Trouble.SERVER),
    (ssl.SSLError, Trouble.CLIENT),
    (
        (
            *(errors.KafkaConnectionError, errors.KafkaTimeoutError, errors.RequestTimedOutError),
            *(errors.NodeNotReadyError, errors.NoBrokersAvailable, errors.KafkaUnavailableError),
            *(errors.GroupCoordinatorNotAvailableError, OSError, TimeoutError),
        ),
        Trouble.CONNECTION,
    ),
)


def told(error: BaseException) -> KafkaTrouble:
    """What an error of the library means."""
    if isinstance(error, KafkaTrouble):
        return error
    kind = next((kind for kinds, kind in _KINDS if isinstance(error, kinds)), Trouble.OTHER)
    return KafkaTrouble(_text(error), kind)


async def probe(access: Access) -> None:
    """Reach one of the servers where a cluster begins: clients themselves do not say why they could not.

    Raises:
        KafkaTrouble: why none was reached; of several reasons, one that is not the network.
    """
    given = options(access)
    given.pop("bootstrap_servers")
    troubles = []
    for server in access.servers:
        host, _, port = server.rpartition(":")
        try:
            connection = AIOKafkaConnection(host.strip("[]"), int(port), **given)
            try:
                await connection.connect()
                return
            finally:
                connection.close()
        except Exception as error:  # noqa: BLE001 - told below
            troubles.append(told(error))
    worse = [one for one in troubles if one.kind is not Trouble.CONNECTION]
    raise (worse or troubles)[0]


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def options(access: Access) -> dict[str, Any]:
    """What every client of a cluster is made with.

    Raises:
        KafkaTrouble: a certificate or key cannot be read.
    """
    protocol = ("SASL_" if access.mechanism else "") + ("SSL" if access.is_encrypted else "PLAINTEXT")
    made: dict[str, Any] = {
        "bootstrap_servers": list(access.servers),
        "security_protocol": protocol,
        "request_timeout_ms": int(KAFKA_REQUEST_S * 1000),
        "client_id": "lambdad",
    }
    if access.is_encrypted:
        made["ssl_context"] = _context(access)
    if access.mechanism:
        made |= {
            "sasl_mechanism": access.mechanism,
            "sasl_plain_username": access.username,
            "sasl_plain_password": access.password,
        }
    return made


def _context(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.authority)
        if access.certificate is not None:
            with tempfile.TemporaryDirectory(prefix="lambdad-kafka-") as folder:  # of this user alone
                place = Path(folder) / "client.pem"
                place.touch(mode=0o600)
                place.write_text(f"{access.certificate}\n{access.private_key or ''}\n")
                context.load_cert_chain(place, password=access.key_password or "")
    except (ssl.SSLError, ValueError) as error:
        raise KafkaTrouble(_text(error), Trouble.KEY) from error
    return context
