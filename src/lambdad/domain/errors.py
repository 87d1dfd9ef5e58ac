"""Errors that know whose fault they are.

::

    LambdadError
    ├── CallerError                  the request is at fault: a modelled 4xx
    │   ├── InvalidParameter         a business rule of the service refused a value
    │   │   ├── InvalidCombination   values that do not go together
    │   │   ├── InvalidNextToken     a token that continues nothing
    │   │   └── MissingParameter     a value that must be there is not
    │   ├── InvalidQuery             CloudWatch refuses what GetMetricData asks, a sentence each
    │   ├── ConstraintViolations     the model refused values ("N validation errors detected: …")
    │   ├── NotFound                 no such resource
    │   │   ├── NotProvisioned       the version has no provisioned concurrency
    │   │   └── CodeSigningConfigNotFound  of a function
    │   ├── Conflict                 exists already, or is being changed
    │   │   ├── SnapStartNotReady    the version's snapshot is being made
    │   │   ├── VersionInUse         aliases point at the version
    │   │   ├── ResourceInUse        it is being changed in the background
    │   │   └── DeleteConflict       something hangs on it
    │   ├── PolicyTooLong            a resource policy would become too large
    │   ├── MalformedPolicy          no policy document, or not one for this use
    │   ├── InvalidInput             IAM refuses a value
    │   ├── QuotaExceeded            an account's or a resource's quota is used up
    │   ├── TooManyTags              a resource's tags would be more than it may have
    │   ├── Unmodifiable             IAM's entity is not the caller's to change
    │   ├── PublicPolicy             a resource policy would let everybody in
    │   ├── PreconditionFailed       RevisionId does not match
    │   ├── AccessDenied             not this caller
    │   ├── CredentialsRefused       a signature or token that is wrong, or over
    │   ├── InvalidRequestContent    the payload is not what the operation takes
    │   ├── RequestTooLarge          over a size limit
    │   ├── UnsupportedMediaType     content type refused
    │   ├── Throttled                a quota is used up; try again
    │   │   └── Stopped              none is left by intent; trying again helps when that is changed
    │   ├── RecursiveInvocation      the function has called itself too often
    │   ├── CodeStorageExceeded      the region's code storage is full
    │   ├── CodeVerificationFailed   the function's code signing policy refuses the code
    │   ├── SnapStartFailed          an after-restore hook of the function failed
    │   ├── SnapStartTimedOut        a restore took too long
    │   ├── SearchTooSlow            a pattern cannot be looked for in the time there is
    │   ├── NotOffered               a valid request for what lambdad does not do (yet)
    │   └── UnknownOperation         no route of this service matches
    └── ServiceFault                 ours: a 5xx, details in the log only
        ├── NoRoom                   the data directory's disk is full
        └── EnvironmentUnavailable   an environment could not be made (interpreter missing, no room)
            └── FileSystemUnavailable  its file system cannot be mounted

What a *function* does wrong is never an exception: it is an outcome (`domain.outcome`).
The names and bodies AWS gives these live in `awsapi.faults` alone.
"""

from __future__ import annotations


class LambdadError(Exception):
    """Root of every error lambdad raises on purpose; `str(error)` is fit for the caller."""


class CallerError(LambdadError):
    """The request is at fault; repeating it unchanged will not help (unless throttled)."""


class InvalidParameter(CallerError):
    """A rule of the service refused a value that the model allows."""


class InvalidCombination(InvalidParameter):
    """Values that are allowed alone and do not go together."""


class InvalidNextToken(InvalidParameter):
    """A token that continues nothing."""


class MissingParameter(InvalidParameter):
    """A value that must be there is not."""


class InvalidQuery(CallerError):
    """CloudWatch refuses what GetMetricData asks.

    Args:
        violations: one sentence each; the message has a line of each, and ends with a line break.

    Source: answers of AWS in yet-another-cloudwatch-exporter issue 729 and telegraf issue 5420.
    """

    def __init__(self, violations: list[str]) -> None:
        super().__init__("".join(f"{violation}\n" for violation in violations))
        self.violations = violations


class ConstraintViolations(CallerError):
    """The model refused one or more values.

    Args:
        violations: one sentence each, in the order of the model
            (``Value '…' at '…' failed to satisfy constraint: Member must …``).
    """

    def __init__(self, violations: list[str]) -> None:
        count = len(violations)
        noun = "error" if count == 1 else "errors"
        super().__init__(f"{count} validation {noun} detected: " + "; ".join(violations))
        self.violations = violations


class NotFound(CallerError):
    """No such resource in this account and region."""


class NotProvisioned(NotFound):
    """The version is there and has no provisioned concurrency."""


class CodeSigningConfigNotFound(NotFound):
    """A function is to have a code signing configuration that does not exist."""


class Conflict(CallerError):
    """The resource exists already, or another change of it is under way."""


class SnapStartNotReady(Conflict):
    """The version is being initialised for its snapshot."""


class VersionInUse(Conflict):
    """Aliases point at the version, so it cannot be deleted.

    Args:
        aliases: their names.

    Source: AWS's text as in cloud-custodian issue 6739.
    """

    def __init__(self, aliases: list[str]) -> None:
        names = ", ".join(aliases)
        super().__init__(f"Unable to delete version because the following aliases reference it: [{names}]")
        self.aliases = aliases


class ResourceInUse(Conflict):
    """The resource is being changed in the background."""


class DeleteConflict(Conflict):
    """Something hangs on the entity, so it cannot be deleted."""


class MalformedPolicy(CallerError):
    """A document is no policy, or not one for this use; in AWS's words."""


class InvalidInput(CallerError):
    """A value that IAM refuses beyond what its model says."""


class QuotaExceeded(CallerError):
    """An account, an entity of IAM or a log group has as many or as much as it may."""


class TooManyTags(CallerError):
    """A resource would have more tags than it may."""


class Unmodifiable(CallerError):
    """An entity of IAM that is not the caller's to change."""


class SnapStartFailed(CallerError):
    """An after-restore hook failed, so the environment could not be restored."""


class SnapStartTimedOut(CallerError):
    """The restore, after-restore hooks included, took too long."""


class PolicyTooLong(CallerError):
    """A resource policy would become larger than it may."""


class PublicPolicy(CallerError):
    """A resource policy would let everybody in, and this server lets no policy do that."""


class PreconditionFailed(CallerError):
    """The RevisionId given is not the latest."""


class AccessDenied(CallerError):
    """This caller may not do this."""


class CredentialsRefused(CallerError):
    """The signature or the session token does not hold.

    Args:
        code: AWS's name for it: ``InvalidSignatureException``, ``UnrecognizedClientException``,
            ``ExpiredTokenException``, ``MissingAuthenticationTokenException``, …
        message: in AWS's words.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class InvalidRequestContent(CallerError):
    """The body is not what the operation takes."""


class RequestTooLarge(CallerError):
    """Over a size limit of the operation."""


class UnsupportedMediaType(CallerError):
    """The content type is not one the operation takes."""


class Throttled(CallerError):
    """A quota is used up.

    Args:
        reason: AWS's ThrottleReason, for example ``ConcurrentInvocationLimitExceeded``.
        retry_after_s: seconds after which a retry may succeed; None when unknown.
    """

    def __init__(self, reason: str, retry_after_s: int | None = None) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason
        self.retry_after_s = retry_after_s


class Stopped(Throttled):
    """What the function has reserved is 0, so nothing of it runs."""


class RecursiveInvocation(CallerError):
    """The function has come round too often in one chain of calls.

    Source: the text of botocore's model; no recorded answer shows AWS's own.
    """

    def __init__(self) -> None:
        super().__init__(
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web "
            "Services resources and stopped your function's invocation."
        )


class CodeStorageExceeded(CallerError):
    """The region's code storage is full."""


class CodeVerificationFailed(CallerError):
    """The code signing policy of the function does not let this code in."""


class SearchTooSlow(CallerError):
    """What is searched for could not be looked for in the time there is, not even in the first events."""


class NotOffered(CallerError):
    """A valid request for something lambdad does not do (yet); the message says what."""


class UnknownOperation(CallerError):
    """No operation of the service matches method, path or target."""


class ServiceFault(LambdadError):
    """Our fault; the caller sees a 5xx without details, the log has them."""


class NoRoom(ServiceFault):
    """The disk of the data directory is full; the caller sees that, and may try again later."""


class EnvironmentUnavailable(ServiceFault):
    """An execution environment could not be made; the message says what to do about it."""


class FileSystemUnavailable(EnvironmentUnavailable):
    """A file system of the function cannot be mounted; the message says what to do about it."""
