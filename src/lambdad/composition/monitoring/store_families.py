"""The stores: what waits for their writers, and what they have done."""

from __future__ import annotations

from collections.abc import Mapping

from lambdad.ports.log_store import LogLosses
from lambdad.storage.sqlite.writer import WriterStatus
from lambdad.telemetry.prometheus.family import Family, Kind, by, counter, gauge


def store_families(stores: Mapping[str, WriterStatus], *, lost: LogLosses, withheld: int) -> list[Family]:
    """Families of every store, and of log lines that nobody will see.

    Args:
        stores: by name.
        lost: log lines lost since the server started.
        withheld: functions whose role may not write their log.
    """

    def each(kind: Kind, name: str, what: str, member: str) -> Family:
        values = [(store, int(getattr(status, member))) for store, status in stores.items()]
        return by(kind, name, what, "store", values)

    return [
        each(Kind.GAUGE, "lambdad_store_waiting", "What waits for the store's writer.", "waiting"),
        each(Kind.COUNTER, "lambdad_store_commits", "Transactions on disk.", "commits"),
        each(Kind.COUNTER, "lambdad_store_failures", "Transactions that were taken back.", "failures"),
        each(Kind.GAUGE, "lambdad_store_failing", "1 when the last transaction failed.", "is_failing"),
        counter("lambdad_log_lost_lines", "Log lines that were lost.", lost.dropped + lost.unwritten),
        gauge("lambdad_log_withheld_functions", "Functions whose role may not write their log.", withheld),
    ]
