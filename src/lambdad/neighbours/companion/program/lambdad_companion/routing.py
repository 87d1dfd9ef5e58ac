"""Which of ministack's services answers a request: the one that the server names, and no other.

ministack goes by target, signature, host and path, in an order of its own; what the server has allowed for
one service must not be done by another.
"""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any, Final
from urllib.parse import quote, urlencode

from .door import Door
from .hooks import replace
from .source import SERVICE, SIGNED, who

_API_CALLS: Final = "execute-api"
_HANDLERS: Final = {_API_CALLS: "apigateway"}
_BACK: Final = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
OURS: Final = ("lambda", "iam", "sts", "logs", "monitoring")
"""Services that lambdad answers itself: Step Functions and others reach them through the door."""

_FORBIDDEN: Final = (403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}')
_NOT_SENT: Final = frozenset({"host", "content-length", "connection", "transfer-encoding", "authorization"})


def hook(app: ModuleType, door: Door, offered: tuple[str, ...]) -> None:
    """Make the application of ministack go by what the server says."""

    async def nothing(method: Any, path: Any, headers: Any, query_params: Any, request_id: Any) -> None:
        return None

    replace(app, "_handle_pre_body_request", "method path headers query_params request_id", nothing)

    async def back(
        method: str, path: str, headers: Any, body: Any, query_params: Any, request_id: Any
    ) -> Any:
        if not path.startswith(_BACK):
            return None
        return await shortcuts(method, path, headers, body, query_params, request_id)

    shortcuts = replace(
        app, "_handle_post_body_shortcuts", "method path headers body query_params request_id", back
    )

    async def published(
        method: Any,
        path: Any,
        headers: Any,
        body: Any,
        query_params: Any,
        request_id: Any,
        raw_path: Any = None,
        raw_query_string: Any = "",
        client_ip: Any = "127.0.0.1",
    ) -> Any:
        if SERVICE.get() != _API_CALLS:
            return None
        called = app._parse_execute_api_url(headers.get("host", ""), path)
        if called is not None:
            _as_owner(app, called[0])
            if not SIGNED.get() and _asks_for_signature(app, method, *called):
                return _FORBIDDEN
        return await special(
            method, path, headers, body, query_params, request_id, raw_path, raw_query_string, client_ip
        )

    special = replace(
        app,
        "_handle_special_data_plane_request",
        "method path headers body query_params request_id raw_path raw_query_string client_ip",
        published,
    )

    def named(method: str, path: str, headers: Any, query_params: Any) -> str:
        name = SERVICE.get() or "unknown_query"
        return _HANDLERS.get(name, name)

    replace(app, "detect_service", "method path headers query_params", named)
    handlers = app.SERVICE_HANDLERS
    for name in list(handlers):
        if name not in offered:
            del handlers[name]
    for name in OURS:
        handlers[name] = _passing(name, door)


def _asks_for_signature(app: ModuleType, method: str, api_id: str, stage: str, path: str) -> bool:
    """Whether what is called is for who signs: ministack takes any `Authorization` for a signature."""
    stage, path = app._resolve_stage_and_path(api_id, stage, path)
    found: str | None = app._execute_api_authorization_type(api_id, stage, method, path)
    return found == "AWS_IAM"


def _as_owner(app: ModuleType, called: str) -> None:
    """Go on as the account and in the region of the API that is called: who calls it need have none."""
    from ministack.core.responses import set_request_account_id, set_request_region

    for module, store in (("apigateway_v1", "_rest_apis"), ("apigateway", "_apis")):
        for account, region, api_id in vars(app._get_module(module))[store]._data:
            if api_id == called:
                set_request_account_id(account)
                set_request_region(region)
                return


def _passing(service: str, door: Door) -> Any:
    """A handler of ministack's form that asks the server."""

    async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        target = quote(path, safe="/%:") + (f"?{urlencode(query_params, doseq=True)}" if query_params else "")
        sent = {name: value for name, value in headers.items() if name.lower() not in _NOT_SENT}
        sent |= {"x-lambdad-for": service, "x-lambdad-region": _region(), "x-lambdad-account": _account()}
        answer = await asyncio.to_thread(door.call, method, target, body, {**sent, **who()})
        dropped = {"content-length", "connection", "transfer-encoding", "date"}
        return answer.status, {n: v for n, v in answer.headers.items() if n not in dropped}, answer.body

    return handle


def _account() -> str:
    from ministack.core.responses import get_account_id

    return str(get_account_id())


def _region() -> str:
    from ministack.core.responses import get_region

    return str(get_region())
