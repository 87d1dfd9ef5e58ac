"""`make run`: the endpoint with a sample function in it, ready for the reader's own client."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

from local_server import free_port, run, running, status

ROOT = Path(__file__).parent.parent
LAMBDAD = ROOT / ".venv" / "bin" / "lambdad"
FUNCTION = "hello-python"

LINES = """
The console: {endpoint}/console/

Paste this for the AWS CLI (version 1 knows no --cli-binary-format: leave it out there):

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws lambda invoke --function-name {function} --cli-binary-format raw-in-base64-out \\
      --payload '{{"name": "CLI"}}' /dev/stdout
  aws logs filter-log-events --log-group-name /aws/lambda/{function} --query 'events[].message' --output text

and this for boto3:

  import boto3
  client = boto3.client("lambda", endpoint_url="{endpoint}", region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")
  print(client.invoke(FunctionName="{function}", Payload=b'{{"name": "boto3"}}')["Payload"].read())

or stay with lambdad's own command line{hint}:

  .venv/bin/lambdad ls
  .venv/bin/lambdad logs {function} --follow

Data is in ./data. Ctrl-C stops the server.
"""


def main() -> int:
    """Serve, deploy, invoke, explain, and stay up until stopped."""
    _install_companion()
    port = free_port()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with running(LAMBDAD, port, str(ROOT / "data")) as endpoint:
        print(run(LAMBDAD, endpoint, "deploy", str(ROOT / "samples" / FUNCTION)).splitlines()[0])
        # Twice: the first is a cold start, the second a warm one.
        for name in ("world", "again"):
            _invoke(endpoint, name)
        hint = "" if port == 4566 else f" (export LAMBDAD_ENDPOINT={endpoint} first)"
        print(LINES.format(endpoint=endpoint, function=FUNCTION, hint=hint), end="", flush=True)
        _say_isolation(endpoint)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
        print("\nstopping")
    return 0


def _install_companion() -> None:
    """What S3, SQS and the like come from; without it the rest works all the same."""
    command = [str(LAMBDAD), "neighbours", "install"]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        print("going on without S3, SQS and the like: the companion is not installed", flush=True)


def _invoke(endpoint: str, name: str) -> None:
    answer = json.loads(run(LAMBDAD, endpoint, "invoke", FUNCTION, "-p", json.dumps({"name": name}), "--json"))
    print(f"\n{FUNCTION} answered: {json.dumps(answer['payload'])}")
    print("its log:")
    for line in answer["log"].splitlines():
        print(f"  {line}")
    if answer["functionError"]:
        raise SystemExit("the sample function failed")


def _say_isolation(endpoint: str) -> None:
    isolation = status(endpoint).get("isolation")
    if isinstance(isolation, dict) and isolation.get("tier") == "process":
        print("\nWARNING: functions run in the process tier: they are NOT kept away from your files and network.")
        print("'.venv/bin/lambdad doctor' says what this host lacks.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
