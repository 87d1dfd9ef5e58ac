"""One account of a test server: clients for it, and functions from source."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdad.cli.client import FUNCTIONS, INVOKE_TIMEOUT_S, Client, accepted, function_path
from lambdad.cli.sigv4 import Credentials

_SECRET = "test"  # noqa: S105 - nothing is secret of a server that ends with the test


class FunctionFailed(AssertionError):
    """A function reported an error instead of an answer.

    Attributes:
        error_type: the function's own word, such as ``ValueError``.
        payload: the whole error object.
    """

    def __init__(self, name: str, payload: Any) -> None:
        found = payload if isinstance(payload, Mapping) else {}
        self.error_type = str(found.get("errorType", "Unknown"))
        self.payload = payload
        trace = "".join(str(line) for line in found.get("stackTrace") or ())
        super().__init__(f"{name}: {self.error_type}: {found.get('errorMessage', payload)}\n{trace}".rstrip())


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """A function that can be invoked.

    Attributes:
        name: its name, for every AWS client.
        arn: its ARN, unqualified.
        account: whose it is.
    """

    name: str
    arn: str
    account: Account

    def invoke(self, event: object = None, *, qualifier: str | None = None) -> Any:
        """Call it and wait for its answer.

        Args:
            event: anything JSON has.
            qualifier: a version or alias; None is `$LATEST`.

        Raises:
            FunctionFailed: it reported an error.
            CommandError: the call itself was refused.
        """
        with self.account.caller() as caller:
            answer = accepted(
                caller.request(
                    "POST",
                    function_path(self.name, "/invocations"),
                    query=[("Qualifier", qualifier)] if qualifier else [],
                    body=json.dumps(event).encode(),
                    timeout_s=INVOKE_TIMEOUT_S,
                )
            )
        payload = json.loads(answer.body) if answer.body else None
        if "x-amz-function-error" in answer.headers:
            raise FunctionFailed(self.name, payload)
        return payload


@dataclass(frozen=True, slots=True)
class Account:
    """An account in a region of a server.

    Attributes:
        endpoint_url: of the server.
        number: twelve digits, which are its access key as well.
        region: where.
    """

    endpoint_url: str
    number: str
    region: str

    @property
    def environ(self) -> dict[str, str]:
        """Variables that send any AWS tool or SDK here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.number,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def client(self, service: str = "lambda", **parameters: Any) -> Any:
        """A boto3 client; further parameters go to `boto3.client`.

        Raises:
            ImportError: boto3 is not installed.
        """
        import boto3  # noqa: PLC0415 - half a second, and only for who asks

        return boto3.client(
            service,
            **{
                "endpoint_url": self.endpoint_url,
                "region_name": self.region,
                "aws_access_key_id": self.number,
                "aws_secret_access_key": _SECRET,
                **parameters,
            },
        )

    def caller(self) -> Client:
        """A small client of its own, the one of the command line."""
        return Client(self.endpoint_url, self.region, Credentials(self.number, _SECRET))

    def deploy(
        self,
        source: str | Path,
        *,
        name: str | None = None,
        runtime: str | None = None,
        handler: str | None = None,
        timeout_s: int | None = None,
        memory_mib: int | None = None,
        environment: Mapping[str, str] | None = None,
        layers: Sequence[str] | None = None,
    ) -> DeployedFunction:
        """Create or update a function from source, and wait until it can be invoked.

        Args:
            source: text of one file; or the path of a folder, a file or a ``.zip``, as `lambdad deploy`
                takes them (what `requirements.txt` or `package.json` ask for is installed).
            name: of the function; None takes a new one for text, the file's or folder's for a path.
            runtime: None is the Python of the test run for text, else what the files tell.
            handler: None is what the source tells.
            timeout_s: None is AWS's default, 3 s.
            memory_mib: None is AWS's default, 128 MB.
            environment: variables of the function.
            layers: ARNs of layer versions, in order.

        Raises:
            CommandError: there is nothing to deploy, or the server refused; in its words.
        """
        # Late: what packs and installs imports a whole command line.
        from lambdad.cli.deploy import Wish  # noqa: PLC0415
        from lambdad.testing.sources import deploy_path, deploy_text  # noqa: PLC0415

        wish = Wish(
            runtime=runtime,
            handler=handler,
            memory_mib=memory_mib,
            timeout_s=timeout_s,
            environment=None if environment is None else dict(environment),
            layers=None if layers is None else list(layers),
        )
        with self.caller() as caller:
            if isinstance(source, Path):
                made = deploy_path(caller, source, name, wish)
            else:
                made = deploy_text(caller, source, name or f"function-{uuid.uuid4().hex[:12]}", wish)
        return DeployedFunction(str(made["FunctionName"]), str(made["FunctionArn"]), self)

    def remove_functions(self) -> None:
        """Delete every function of this account and region, which ends their environments."""
        with self.caller() as caller:
            while listed := caller.call("GET", f"{FUNCTIONS}/").get("Functions"):
                for function in listed if isinstance(listed, list) else ():
                    accepted(caller.request("DELETE", function_path(function["FunctionName"])))
