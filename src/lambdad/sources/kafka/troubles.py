"""What is said of a cluster that cannot be read, as `LastProcessingResult`; pure.

Source: developer guide, "Troubleshooting Kafka event source mapping errors"; sentences about topics, groups
and servers that nobody named are lambdad's own.
"""

from __future__ import annotations

from typing import Final

from lambdad.ports.kafka import KafkaTrouble, Trouble

_WORDS: Final = {
    Trouble.CONNECTION: "Connection error. Please check your event source connection configuration.",
    Trouble.LOGIN: "SASL authentication failed",
    Trouble.CLIENT: "Server failed to authenticate Lambda",
    Trouble.SERVER: "Lambda failed to authenticate server",
    Trouble.KEY: "Provided certificate or private key is invalid",
    Trouble.FORBIDDEN: "Cluster failed to authorize Lambda",
}


def told(error: KafkaTrouble) -> str:
    """What a cluster's refusal is told as."""
    return _WORDS.get(error.kind) or str(error)


def nowhere(arn: str) -> str:
    """Nobody said where a cluster of MSK is."""
    return (
        f'Nobody said where the cluster is: add "{arn}" = "host:port,…" to [kafka_clusters] of '
        "lambdad.toml and start lambdad again."
    )
