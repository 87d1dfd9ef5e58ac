"""AWS's APIs of the server, called on the account of whoever asked for the stack."""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

from ..door import Door
from ..source import who

_GONE: Final = frozenset({"ResourceNotFoundException", "NoSuchEntity", "ResourceNotFound"})
_SERVICES: Final = {"lambda": "Lambda", "iam": "Iam", "logs": "CloudWatchLogs", "cloudwatch": "CloudWatch"}
_FOR: Final = {"cloudwatch": "monitoring"}
"""Signing names that are not those of the models."""


class Refused(ValueError):
    """A service refused; the text is what the stack's events show.

    Attributes:
        code: of the error.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Calls:
    """Calls operations by name.

    Args:
        door: to the server.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        """Call ``create_function`` of ``lambda`` and the like.

        Raises:
            Refused: with the service's own words.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client(service)
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).input_shape
        try:
            answer: dict[str, Any] = getattr(client, operation)(**fitted(shape, params))
        except ClientError as error:
            raise _refused(service, error) from error
        except BotoCoreError as error:
            raise Refused("ValidationException", str(error)) from error
        answer.pop("ResponseMetadata", None)
        return answer

    def unless_gone(self, service: str, operation: str, /, **params: Any) -> None:
        """The same, where it does not matter that there is nothing any more."""
        try:
            self(service, operation, **params)
        except Refused as error:
            if error.code not in _GONE:
                raise

    def client(self, service: str) -> Any:
        """A client of the region that the request is for."""
        from ministack.core.responses import get_region

        key = (service, str(get_region()))
        with self._lock:
            found = self._clients.get(key)
            if found is None:
                found = self._clients[key] = self._made(*key)
        return found

    def _made(self, service: str, region: str) -> Any:
        import botocore.session
        from botocore.config import Config

        logging.getLogger("botocore").setLevel(logging.WARNING)
        client = botocore.session.Session().create_client(
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{self._door.port}",
            aws_access_key_id="companion",
            aws_secret_access_key="unchecked",  # noqa: S106 - the door goes by its own headers
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
        )
        client.meta.events.register("before-send", self._introduced(service, region))
        return client

    def _introduced(self, service: str, region: str) -> Any:
        """Says who asks, where botocore says what."""

        def add(request: Any, **_: Any) -> None:
            headers = {"x-lambdad-secret": self._door.secret, "x-lambdad-for": _FOR.get(service, service)}
            for name, value in {**headers, "x-lambdad-region": region, **who()}.items():
                request.headers[name] = value

        return add


def fitted(shape: Any, value: Any) -> Any:
    """Values of a template as an API takes them: numbers and switches may stand there as texts."""
    if value is None or shape is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: fitted(members.get(name), each) for name, each in value.items()}
    if kind == "list" and isinstance(value, list):
        return [fitted(shape.member, each) for each in value]
    if kind == "map" and isinstance(value, dict):
        return {str(name): fitted(shape.value, each) for name, each in value.items()}
    return _fitted_value(kind, value)


def _fitted_value(kind: str, value: Any) -> Any:
    if kind in {"integer", "long"} and isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    if kind in {"float", "double"} and isinstance(value, str | int):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    return value


def _refused(service: str, error: Any) -> Refused:
    """In the words of CloudFormation's events."""
    about, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    name, status = _SERVICES.get(service, service), meta.get("HTTPStatusCode")
    where = f"Service: {name}, Status Code: {status}, Request ID: {meta.get('RequestId')}"
    text = f"{about.get('Message')} ({where})"
    return Refused(about.get("Code", ""), f'Resource handler returned message: "{text}"')
