"""ministack's Lambda, led to the server: every service that has a function called comes through here."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import ModuleType
from typing import Any, Final
from urllib.parse import quote

from .door import Answer, Door
from .hooks import replace
from .source import who

_log: Final = logging.getLogger("lambdad.companion")
_AT_ONCE: Final = 16
"""Events that are brought to the server at a time."""
_OK: Final = 200
_MULTIPLE_CHOICES: Final = 300
_THROTTLED: Final = 429
_TOLD: Final = 300


class Functions:
    """Calls functions.

    Args:
        door: to the server.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._bringing = ThreadPoolExecutor(_AT_ONCE, "bring-events")

    def hook(self, module: ModuleType) -> None:
        """Take the place of ministack's Lambda, whose module is given."""

        def by_reference(function_ref: str) -> Any:
            config = self._described(module, function_ref)
            return {"config": config}, config, config["FunctionName"]

        def by_qualifier(name: str, qualifier: str | None) -> Any:
            record, config, _ = by_reference(f"{name}:{qualifier}" if qualifier else name)
            return record, config

        def base(function_ref: str) -> Any:
            return by_reference(function_ref)

        def execute(func: Any, event: Any) -> dict[str, Any]:
            return self.result(_arn(func), event)

        def later(func: Any, event: Any) -> None:
            self.bring(_arn(func), event)

        def nobody(*_: Any, **__: Any) -> None:
            return None

        replace(module, "_get_func_record_for_ref", "function_ref", by_reference)
        replace(module, "_get_func_record_for_qualifier", "name qualifier", by_qualifier)
        replace(module, "_get_base_func_record_for_ref", "function_ref", base)
        replace(module, "_execute_function", "func event", execute)
        replace(module, "invoke_async_with_retry", "func event", later)
        replace(module, "_ensure_poller", "", nobody)

    def result(self, arn: str, event: Any) -> dict[str, Any]:
        """Call a function and wait: what it gave, in ministack's form."""
        try:
            answer = self._invoke(arn, event, "RequestResponse", who())
        except OSError as error:
            return _error("ServiceException", str(error))
        return result_of(answer)

    def bring(self, arn: str, event: Any) -> None:
        """Have an event queued, by another thread: its sender does not wait, as on AWS."""
        context = copy_context()
        self._bringing.submit(context.run, self._queued, arn, event, who())

    def _queued(self, arn: str, event: Any, source: Mapping[str, str]) -> None:
        try:
            answer = self._invoke(arn, event, "Event", source)
        except OSError as error:
            _log.warning("an event for %s was not taken: %s", arn, error)
            return
        if answer.status >= _MULTIPLE_CHOICES:
            _log.warning(
                "an event for %s was refused: %s", arn, answer.body.decode("utf-8", "replace")[:_TOLD]
            )

    def _invoke(self, arn: str, event: Any, kind: str, source: Mapping[str, str]) -> Answer:
        body = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
        headers = {
            "x-amz-invocation-type": kind,
            "content-type": "application/json",
            "x-lambdad-for": "lambda",
        }
        path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"
        return self._door.call("POST", path, body, {**headers, **source})

    @staticmethod
    def _described(module: ModuleType, reference: str) -> dict[str, Any]:
        """What services want to know of a function before they call it; whether it is there shows then."""
        name, qualifier = module._resolve_name_and_qualifier(reference)
        parts = reference.split(":")
        is_arn = reference.startswith("arn:") and len(parts) > 6
        region, account = (parts[3], parts[4]) if is_arn else (module.get_region(), module.get_account_id())
        suffix = f":{qualifier}" if qualifier else ""
        return {
            "FunctionName": name,
            "FunctionArn": f"arn:aws:lambda:{region}:{account}:function:{name}{suffix}",
            "Version": qualifier or "$LATEST",
            "Timeout": 900,
        }


def result_of(answer: Answer) -> dict[str, Any]:
    """An answer of Invoke in ministack's form: an outcome, an error of the function, or of Lambda."""
    text = answer.body.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = text
    if answer.status >= _MULTIPLE_CHOICES:
        name = answer.headers.get("x-amzn-errortype", "ServiceException").partition(":")[0]
        members = body if isinstance(body, dict) else {}
        told = members.get("message") or members.get("Message") or text
        return {**_error(name, str(told)), "throttle": answer.status == _THROTTLED}
    if answer.headers.get("x-amz-function-error"):
        return {"body": body, "error": True, "function_error": answer.headers["x-amz-function-error"]}
    return {"body": body}


def _error(name: str, message: str) -> dict[str, Any]:
    """An error of Lambda itself, as Step Functions names it."""
    return {"error": True, "body": {"errorType": f"Lambda.{name}", "errorMessage": message}}


def _arn(func: Any) -> str:
    return str((func.get("config") or func)["FunctionArn"])


Call = Callable[[str, Any], None]
"""Takes the ARN of a function and an event."""
