"""For test suites of users: a fresh server on a free port, functions from source, nothing left afterwards.

`plugin` gives pytest its fixtures and is loaded by pytest itself (entry point ``pytest11``); other test
runners use `server.start` directly. Neither pytest nor boto3 is imported unless it is asked for.
"""

from lambdad.testing.account import Account, DeployedFunction, FunctionFailed
from lambdad.testing.server import LambdadServer, NotReady, start

__all__ = ["Account", "DeployedFunction", "FunctionFailed", "LambdadServer", "NotReady", "start"]
