"""A server, a source of events beside it, and short ways to map one to a function and to see what that got."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import boto3
from local_services import eventually

from tests.running import Server

ACCOUNT, REGION = "000000000000", "us-east-1"


@dataclass
class Mapped:
    """Sources at an endpoint that a server polls; functions tell what they got in lines that begin with ``GOT``."""

    server: Server
    url: str

    def client(self, service: str) -> Any:
        """Of the sources themselves."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
        )

    def made(self, source: str, **parameters: Any) -> str:
        """Create a function; its name."""
        return self.server.function({"app.py": source}, **({"Timeout": 5} | parameters))

    def mapping(self, function: str, arn: str, **settings: Any) -> str:
        """Map a source and wait until that is enabled; the UUID of the mapping."""
        made = self.server.client().create_event_source_mapping(
            FunctionName=function, EventSourceArn=arn, **settings
        )
        assert made["State"] == "Creating"
        self.settled(made["UUID"], "Enabled")
        return str(made["UUID"])

    def shown(self, uuid: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.client().get_event_source_mapping(UUID=uuid)
        return found

    def settled(self, uuid: str, state: str) -> None:
        eventually(lambda: self.shown(uuid)["State"] == state, state)

    def result(self, uuid: str, words: str) -> None:
        """Wait until the last result of a mapping has these words."""
        eventually(lambda: words in self.shown(uuid).get("LastProcessingResult", ""), words)

    def told(self, function: str, count: int) -> list[Any]:
        """What a function told of so many records, in the order of its log."""

        def found() -> list[Any]:
            lines = [line for line in self.server.messages(function) if line.startswith("GOT ")]
            told = [json.loads(line.removeprefix("GOT ")) for line in lines]
            return told if len(told) >= count else []

        return list(eventually(found, f"{count} records"))
