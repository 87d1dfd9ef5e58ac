"""Who may call a function URL whose auth type is AWS_IAM.

Two permissions are needed, as of everybody since October 2025: `lambda:InvokeFunctionUrl`, and
`lambda:InvokeFunction`, which a policy may bind to calls that come through a URL.

Source: AWS's page "Control access to Lambda function URLs".
"""

from __future__ import annotations

from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import AccessDenied
from lambdad.domain.function_url import AuthType
from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.identity.authorization.needs import Need


class UrlGate:
    """Decides on signed calls of function URLs."""

    def __init__(self, gate: LambdaGate) -> None:
        self._gate = gate

    async def admits(self, request: Request, scope: Scope, reference: FunctionReference) -> bool:
        """Whether a caller may call the URL of a function or an alias.

        Raises:
            CredentialsRefused: nobody, where the server enforces.
        """
        arn = reference.arn(scope)
        of_url = {
            "lambda:functionurlauthtype": (AuthType.AWS_IAM.value,),
            "lambda:functionarn": (arn,),
        }
        needs = [
            Need("lambda:InvokeFunctionUrl", arn, of_url),
            Need("lambda:InvokeFunction", arn, {"lambda:invokedviafunctionurl": ("true",)}),
        ]
        try:
            return await self._gate.admit_needs(request, needs)
        except AccessDenied:
            return False
