"""Whose resources, and where: the account and region that every resource lives in."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Scope:
    """An account and a region; resources of two scopes never see each other.

    Attributes:
        account: twelve digits.
        region: an AWS region name; any name is accepted, as local tools expect.
    """

    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION

    @property
    def partition(self) -> str:
        """The ARN partition AWS uses for this region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        if self.region.startswith("us-gov-"):
            return "aws-us-gov"
        return "aws"

    def arn(self, service: str, resource: str) -> str:
        """Build the ARN of `resource` (everything behind the account) of `service`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"
