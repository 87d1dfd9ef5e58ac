"""What tests of several pages do in them, and what they write into them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from playwright.sync_api import Page

from tests.running import Server

Key = dict[str, str]
"""An access key as `CreateAccessKey` gives it."""

MARKUP = "<img src=x onerror=alert(1)>"
"""Text that would be seen to run if it were ever taken for more than text."""
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    page.get_by_role("button", name=name, exact=True).click()


def key_of_new(server: Server, user: str, may: Sequence[str]) -> Key:
    """Make a user who may do this with everything, while anybody may; a key of it."""
    iam = server.client("iam")
    iam.create_user(UserName=user)
    statement = {"Effect": "Allow", "Action": may, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="may", PolicyDocument=policy)
    made: Key = iam.create_access_key(UserName=user)["AccessKey"]
    return made
