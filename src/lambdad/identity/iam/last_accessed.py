"""Which services a user, group, role or policy lets be used, and when that last happened.

A report is made at once, and kept in memory for who fetches it. Other than on AWS, of single actions those
are told that were asked for: all of them, and of every service.

Source: IAM API reference, GenerateServiceLastAccessedDetails and the two that get them; IAM user guide,
"Refine permissions using last accessed information".
"""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lambdad.domain.errors import NotFound
from lambdad.domain.http import Request
from lambdad.domain.iam import GROUPS, ROLES, USERS, Access, Group, Holder, Role, User
from lambdad.domain.limits import MOST_ACCESS_REPORTS
from lambdad.identity.directory import Directory
from lambdad.identity.iam.entities import Handler, Params, cut, moment
from lambdad.identity.last_accesses import LastAccesses, account_of
from lambdad.ports.clock import Clock

_SERVICES: Final = {
    "apigateway": "Amazon API Gateway Management",
    "cloudformation": "AWS CloudFormation",
    "cloudwatch": "Amazon CloudWatch",
    "dynamodb": "Amazon DynamoDB",
    "events": "Amazon EventBridge",
    "execute-api": "Amazon API Gateway",
    "iam": "AWS Identity and Access Management",
    "kinesis": "Amazon Kinesis Data Streams",
    "lambda": "AWS Lambda",
    "logs": "Amazon CloudWatch Logs",
    "s3": "Amazon S3",
    "scheduler": "Amazon EventBridge Scheduler",
    "secretsmanager": "AWS Secrets Manager",
    "sns": "Amazon SNS",
    "sqs": "Amazon SQS",
    "ssm": "AWS Systems Manager",
    "states": "AWS Step Functions",
    "sts": "AWS Security Token Service",
}
"""What is offered on the endpoint, by namespace; a policy may name others."""
_ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class _Used:
    """One service, as one user or role last used it."""

    holder: Holder
    actions: Mapping[str, Access]

    @property
    def last(self) -> Access:
        return max(self.actions.values(), key=lambda one: one.at_s)


@dataclass(frozen=True, slots=True)
class _Report:
    """Services that may be used, by namespace, and who has used them, the last first."""

    account: str
    kind: str
    created_s: float
    services: Mapping[str, Sequence[_Used]]

    def head(self) -> dict[str, Any]:
        made = moment(self.created_s)
        return {"JobStatus": "COMPLETED", "JobCreationDate": made, "JobCompletionDate": made}


class LastAccessed:
    """Handlers of the three operations."""

    def __init__(self, directory: Directory, accesses: LastAccesses, clock: Clock) -> None:
        self._directory = directory
        self._accesses = accesses
        self._clock = clock
        self._reports: OrderedDict[str, _Report] = OrderedDict()

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "GenerateServiceLastAccessedDetails": self.generate,
            "GetServiceLastAccessedDetails": self.services,
            "GetServiceLastAccessedDetailsWithEntities": self.entities,
        }

    async def generate(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a report."""
        account, arn = request.caller.scope.account, params["Arn"]
        documents, users = self._subject(account, arn)
        services = {name: self._used(name, users) for name in sorted(set(_namespaces(documents)))}
        kind = params.get("Granularity") or "SERVICE_LEVEL"
        job = str(uuid.uuid4())
        self._reports[job] = _Report(account, kind, self._clock.now(), services)
        if len(self._reports) > MOST_ACCESS_REPORTS:
            self._reports.popitem(last=False)
        return {"JobId": job}

    async def services(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of the services of a report."""
        report = self._report(params, request)
        with_actions = report.kind == "ACTION_LEVEL"
        names = list(report.services)
        page = cut(
            params,
            "ServicesLastAccessed",
            names,
            str,
            lambda name: _service(name, report.services[name], with_actions=with_actions),
        )
        return {**report.head(), "JobType": report.kind, **page}

    async def entities(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of those who have used one service of a report."""
        report = self._report(params, request)
        used = report.services.get(params["ServiceNamespace"], ())
        page = cut(params, "EntityDetailsList", used, lambda one: one.holder.arn, _entity)
        return {**report.head(), **page}

    def _report(self, params: Params, request: Request) -> _Report:
        found = self._reports.get(params["JobId"])
        if found is None or found.account != request.caller.scope.account:
            raise NotFound(f"The job with id {params['JobId']} cannot be found.")
        return found

    def _used(self, service: str, users: Sequence[Holder]) -> Sequence[_Used]:
        used = []
        for holder in users:
            of_all = self._accesses.of(holder.arn, holder.created_s)
            actions = {name: one for name, one in of_all.items() if name.partition(":")[0] == service}
            if actions:
                used.append(_Used(holder, actions))
        return sorted(used, key=lambda one: one.last.at_s, reverse=True)

    def _subject(self, account: str, arn: str) -> tuple[list[str], list[Holder]]:
        """The documents that a report is about, and who may use what they allow.

        Raises:
            NotFound: there is nothing of this ARN.
        """
        holder = next((one for one in self._directory.holders(account) if one.arn == arn), None)
        if holder is not None:
            return list(self._documents(account, holder)), self._members(account, holder)
        policy = self._directory.policy(account, arn)
        if policy is None:
            raise NotFound(f"ARN {arn} is not found.")
        holders = [one for one in self._directory.holders(account) if arn in one.attached]
        members = {one.arn: one for holder in holders for one in self._members(account, holder)}
        return [policy.document], list(members.values())

    def _documents(self, account: str, holder: Holder) -> Iterator[str]:
        yield from holder.inline.values()
        for arn in holder.attached:
            policy = self._directory.policy(account, arn)
            if policy is not None:
                yield policy.document
        if isinstance(holder, User):
            groups = self._directory.table(GROUPS, account)
            for name in holder.groups:
                if name.lower() in groups:
                    yield from self._documents(account, groups[name.lower()])

    def _members(self, account: str, holder: Holder) -> list[Holder]:
        if not isinstance(holder, Group):
            return [holder]
        users = self._directory.table(USERS, account).values()
        return [user for user in users if holder.name in user.groups]


def exists(directory: Directory, arn: str) -> bool:
    """Whether there is a user or role of this ARN."""
    account, name = account_of(arn), arn.rpartition("/")[2].lower()
    tables = (directory.table(ROLES, account), directory.table(USERS, account))
    return any(name in table and table[name].arn == arn for table in tables)


def _namespaces(documents: Sequence[str]) -> Iterator[str]:
    """Services of which documents, which were judged when they were kept, allow anything."""
    for document in documents:
        statements = json.loads(document)["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            if statement["Effect"] == "Allow":
                yield from _of_actions(statement.get("Action", _ALL))


def _of_actions(actions: str | Sequence[str]) -> Iterator[str]:
    for action in [actions] if isinstance(actions, str) else actions:
        namespace = action.partition(":")[0].lower()
        if namespace == _ALL:
            yield from _SERVICES
        else:
            yield namespace


def _service(name: str, used: Sequence[_Used], *, with_actions: bool) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "ServiceName": _SERVICES.get(name, name),
        "ServiceNamespace": name,
        "TotalAuthenticatedEntities": len(used),
    }
    if used:
        last = used[0].last
        shown |= {
            "LastAuthenticated": moment(last.at_s),
            "LastAuthenticatedEntity": used[0].holder.arn,
            "LastAuthenticatedRegion": last.region,
        }
    if with_actions:
        shown["TrackedActionsLastAccessed"] = list(_actions(used))
    return shown


def _actions(used: Sequence[_Used]) -> Iterator[Mapping[str, Any]]:
    for action in sorted({name for one in used for name in one.actions}):
        by = [(one.actions[action], one.holder.arn) for one in used if action in one.actions]
        access, arn = max(by, key=lambda one: one[0].at_s)
        yield {
            "ActionName": action.partition(":")[2],
            "LastAccessedEntity": arn,
            "LastAccessedTime": moment(access.at_s),
            "LastAccessedRegion": access.region,
        }


def _entity(used: _Used) -> Mapping[str, Any]:
    holder = used.holder
    about = {
        "Arn": holder.arn,
        "Name": holder.name,
        "Type": "ROLE" if isinstance(holder, Role) else "USER",
        "Id": holder.unique_id,
        "Path": holder.path,
    }
    return {"EntityInfo": about, "LastAuthenticated": moment(used.last.at_s)}
