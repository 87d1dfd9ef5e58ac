"""A denial in AWS's words.

Source: IAM user guide, "Troubleshoot access denied error messages"; users' reports of Lambda's, SQS's
(actions in lower case), SNS's (`SNS:Publish`) and S3's (the resource in quotes).
"""

from __future__ import annotations

from lambdad.domain.policies.combined import Outcome, Source

_ARTICLES = {
    Source.IDENTITY: "an",
    Source.RESOURCE: "a",
    Source.BOUNDARY: "a",
    Source.SESSION: "a",
}


def words(arn: str, action: str, resource: str, outcome: Outcome) -> str:
    """Why somebody may not do something.

    Args:
        arn: of the principal.
        action: as the service writes it.
        resource: an ARN, or empty when the request does not say.
        outcome: the decision.
    """
    on = f" on resource: {_shown(action, resource)}" if resource else ""
    said = _said(action)
    return f"User: {arn} is not authorized to perform: {said}{on}{_reason(said, outcome)}"


def _reason(action: str, outcome: Outcome) -> str:
    source = outcome.source
    if source is None:
        return ""
    if outcome.explicit:
        return f" with an explicit deny in {_ARTICLES[source]} {source.value}"
    return f" because no {source.value} allows the {action} action"


def _said(action: str) -> str:
    service, _, name = action.partition(":")
    if service == "sqs":
        return action.lower()
    return f"SNS:{name}" if service == "sns" else action


def _shown(action: str, resource: str) -> str:
    return f'"{resource}"' if action.startswith("s3:") else resource
