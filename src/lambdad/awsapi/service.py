"""A whole service out of its model and one handler per operation.

match → parse → check constraints → handler → render; an error on the way goes to `faults`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lambdad import __version__
from lambdad.awsapi import compression, constraints, faults, parse, render, spoken
from lambdad.awsapi.model import Operation, ServiceModel, Shape
from lambdad.awsapi.routes import Router, router_for
from lambdad.domain.errors import LambdadError, NotOffered, RequestTooLarge, ServiceFault
from lambdad.domain.http import Request, Response

Params = dict[str, Any]
"""Parameters under AWS's member names; blobs are bytes, timestamps aware datetimes."""

Handler = Callable[[Params, Request], Awaitable[Mapping[str, Any]]]
"""What the control plane provides per operation: parameters in, result members out.

A member that is None or absent stays out of the answer. A member of the model located in the
status code (`StatusCode` of Invoke and DeleteFunction) sets the status.
"""

Authorize = Callable[[str, Params, Request], Awaitable[Request]]
"""Decides whether a checked operation may be done; the request as the handler is to see it, or an error."""

Check = Callable[[Shape | None, Mapping[str, Any]], None]
"""Refuses what the model does not allow, in the words of a service."""

_log = logging.getLogger(__name__)


class ModelledService:
    """A service whose wire comes from a model; implements `ports.service.Service`.

    Args:
        model: the service's model.
        handlers: by operation name; operations without one are refused with a modelled error.
        refused: that error's text, with `{operation}` and `{version}` filled in.
        authorize: asked before each handler; None where nothing is to be decided.
        check: refuses what the model does not allow.
        long_body_bytes: from which on a body is read in a thread; None: never.
        max_body_bytes: of a request as it is sent, whatever its operation; None leaves it to the edge.

    Raises:
        ValueError: a handler is named like no operation of the model.
    """

    def __init__(
        self,
        model: ServiceModel,
        handlers: Mapping[str, Handler],
        *,
        refused: str = "{operation} is not offered by lambdad {version}",
        authorize: Authorize | None = None,
        check: Check = constraints.check,
        long_body_bytes: int | None = None,
        max_body_bytes: int | None = None,
    ) -> None:
        unknown = sorted(set(handlers) - set(model.operations))
        if unknown:
            raise ValueError(f"{model.name} has no operation {', '.join(unknown)}")
        self._model = model
        self._handlers = dict(handlers)
        self._refused = refused
        self._authorize = authorize
        self._check = check
        self._long_body_bytes = sys.maxsize if long_body_bytes is None else long_body_bytes
        self._max_body_bytes = sys.maxsize if max_body_bytes is None else max_body_bytes
        self._router: Router = router_for(model)

    async def __call__(self, request: Request) -> Response:
        """Answer one request; nothing is ever raised."""
        name = self._model.name
        protocol = spoken.protocol_of(self._model, request)
        try:
            return await self._answer(request, protocol)
        except ServiceFault as error:
            _log.exception("service fault", extra=_fields(name, request))
            return faults.render(name, error, request.request_id, protocol)
        except LambdadError as error:
            return faults.render(name, error, request.request_id, protocol)
        except Exception:  # noqa: BLE001 - the error boundary: the caller learns nothing, the log all
            _log.exception("unexpected error", extra=_fields(name, request))
            return faults.render(name, ServiceFault("An error occurred."), request.request_id, protocol)

    async def _answer(self, request: Request, protocol: str) -> Response:
        if len(request.body) > self._max_body_bytes:
            raise RequestTooLarge(f"The request is larger than {self._max_body_bytes} bytes.")
        if self._is_long(request):
            operation, params = await asyncio.to_thread(self._read, request)
        else:
            operation, params = self._read(request)
        if self._authorize is not None:
            request = await self._authorize(operation.name, params, request)
        result = await self._handlers[operation.name](params, request)
        return render.response(self._model, operation, result, request.request_id, protocol)

    def _is_long(self, request: Request) -> bool:
        return len(request.body) > self._long_body_bytes or compression.is_packed(self._model, request)

    def _read(self, request: Request) -> tuple[Operation, Params]:
        plain = compression.unpacked(self._model, request)
        operation, labels = self._router.match(plain)
        if operation.name not in self._handlers:
            raise NotOffered(self._refused.format(operation=operation.name, version=__version__))
        params = parse.params(self._model, operation, plain, labels)
        self._check(operation.input, params)
        return operation, params


def _fields(service: str, request: Request) -> dict[str, str]:
    return {
        "event": "service.error",
        "service": service,
        "request_id": request.request_id,
        "method": request.method,
        "path": request.path,
    }
