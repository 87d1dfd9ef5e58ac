"""What exporters are told of: a sampled invocation that is over, with the times of its parts; pure."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.function import FunctionVersion
from lambdad.domain.platform_log import InvocationRecord
from lambdad.domain.trace_context import Traced


@dataclass(frozen=True, slots=True)
class Told:
    """A sampled invocation. All times are ms since the epoch.

    Attributes:
        record: without the lines it printed.
    """

    version: FunctionVersion
    record: InvocationRecord
    traced: Traced

    @property
    def admitted_ms(self) -> float:
        """When it was admitted."""
        return self.record.start_ms - self.record.waited_ms

    @property
    def answered_ms(self) -> float:
        """When the runtime had answered; extensions may have gone on."""
        return self.ended_ms - sum(span.duration_ms for span in self.record.spans)

    @property
    def ended_ms(self) -> float:
        """When runtime and extensions were done."""
        return self.record.start_ms + self.record.duration_ms

    @property
    def init_began_ms(self) -> float | None:
        """When Init of its environment began; None unless it was the first there."""
        init_ms = self.record.init_ms
        return None if init_ms is None else self.record.start_ms - init_ms

    @property
    def is_cold(self) -> bool:
        """Whether it was the first of its environment."""
        return self.record.init_ms is not None or self.record.restore is not None
