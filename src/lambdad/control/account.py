"""The account in one region: GetAccountSettings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.commitments import committed
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, TOTAL_CODE_BYTES


class Account:
    """Handlers for the account."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {"GetAccountSettings": self.get_account_settings}

    async def get_account_settings(self, _params: Params, request: Request) -> Mapping[str, Any]:
        """Limits and what is used of them."""
        catalogue, scope = self._context.catalogue, request.caller.scope
        usage = await catalogue.usage(scope)
        concurrency = self._context.account_concurrency
        taken = (await committed(catalogue, scope)).total()
        return {
            "AccountLimit": {
                "TotalCodeSize": TOTAL_CODE_BYTES,
                "CodeSizeUnzipped": MAX_UNZIPPED_BYTES,
                "CodeSizeZipped": MAX_ZIPPED_BYTES,
                "ConcurrentExecutions": concurrency,
                "UnreservedConcurrentExecutions": concurrency - taken,
            },
            "AccountUsage": {"TotalCodeSize": usage.code_bytes, "FunctionCount": usage.functions},
        }
