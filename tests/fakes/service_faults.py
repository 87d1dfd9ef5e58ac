"""What a fake of a service answers when it is asked to misbehave."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """An error of the service's."""

    def __init__(self, code: str, said: str, status: int = 400) -> None:
        super().__init__(f"{code}: {said}")
        self.code = code
        self.said = said
        self.status = status


ERRORS = {
    "throttled": ("ProvisionedThroughputExceededException", "Rate exceeded for shard", 400),
    "limited": ("LimitExceededException", "Rate exceeded", 400),
    "expired": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "denied": ("AccessDeniedException", "User is not authorized to perform this action", 400),
    "kms": (
        "KMSAccessDeniedException",
        "The ciphertext refers to a customer master key you may not use",
        400,
    ),
    "iterator": ("ExpiredIteratorException", "Iterator expired", 400),
    "unknown": ("InvalidArgumentException", "Invalid ShardIterator.", 400),
    "internal": ("InternalFailureException", "Internal service failure", 500),
    "down": ("ServiceUnavailable", "not now", 503),
}


@dataclass
class Faults:
    """What requests meet; nothing with an empty mode.

    Attributes:
        mode: key of `ERRORS`, or ``garbage`` for an answer that is cut off.
        stream, operation: only those of this stream's ARN, or this operation; None for all that read.
        times: so often; None for ever.
    """

    mode: str = ""
    stream: str | None = None
    operation: str | None = None
    times: int | None = None

    def meet(self, operation: str, stream: str) -> bool:
        """Whether the answer is to be cut off.

        Raises:
            Refused: as `mode` says.
        """
        is_meant = self.operation in (None, operation) and self.stream in (None, stream)
        if not self.mode or not is_meant or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        if self.mode == "garbage":
            return True
        raise Refused(*ERRORS[self.mode])
