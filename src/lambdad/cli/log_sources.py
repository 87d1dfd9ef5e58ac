"""Which log groups a command reads, and for whom: functions by name, or all of them.

Before: names on the command line. After: `log_reading`, which reads each group once, and tells by the
stream's name whose event it is when functions share a group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lambdad.cli import show
from lambdad.cli.client import ApiError, Client, function_path
from lambdad.cli.errors import USAGE, CommandError
from lambdad.cli.functions import list_functions

_STREAM = re.compile(r"\d{4}/\d\d/\d\d/([^\[\]]*)\[([^\[\]]+)\]")
"""``YYYY/MM/DD/[version]…``, with the function's name before the bracket in a group of its own choice."""


@dataclass(frozen=True, slots=True)
class Source:
    """A function whose log is read.

    Attributes:
        name: as it is shown.
        function: its plain name.
        group: the log group that it writes to.
        version: only events of this version; None for all.
        is_json: whether the platform writes JSON into it.
    """

    name: str
    function: str
    group: str
    version: str | None = None
    is_json: bool = False


def sources_of(client: Client, names: Sequence[str], everything: bool) -> list[Source]:
    """What to read, in the order named.

    Raises:
        CommandError: neither names nor `everything`, or both; or there are no functions.
    """
    if bool(names) == everything:
        raise CommandError("name functions, or give --all for every one: lambdad logs NAME...", USAGE)
    if not everything:
        return list(dict.fromkeys(source_of(client, name) for name in names))
    found = [_configured(str(one.get("FunctionName")), one) for one in list_functions(client)]
    if not found:
        raise CommandError("there are no functions here yet; 'lambdad deploy DIR' makes one")
    return found


def source_of(client: Client, name: str) -> Source:
    """The log of one function; that of a deleted function by AWS's rule."""
    try:
        found = client.call("GET", function_path(name, "/configuration"))
    except ApiError as error:
        if error.code != "ResourceNotFoundException" or name.startswith("arn:"):
            raise
        show.note(f"there is no function {name} (any more); looking for its old logs")
        plain = name.split(":", maxsplit=1)[0]
        return Source(name, plain, f"/aws/lambda/{plain}")
    return _configured(name, found)


def _configured(name: str, found: dict[str, object]) -> Source:
    plain = str(found.get("FunctionName") or name)
    logging = found.get("LoggingConfig")
    logging = logging if isinstance(logging, dict) else {}
    group = str(logging.get("LogGroup") or f"/aws/lambda/{plain}")
    return Source(_shown(name, plain), plain, group, _version(name), logging.get("LogFormat") == "JSON")


def _shown(name: str, plain: str) -> str:
    version = _version(name)
    return plain if version is None else f"{plain}:{version}"


def _version(name: str) -> str | None:
    """The version a name asks for; None without one, and for an alias, which may mean two."""
    found = re.search(r":(\d+|\$LATEST)$", name)
    is_account = name.startswith("arn:") and name.count(":") < 7
    return found[1] if found and not is_account else None


def whose(sources: Sequence[Source], stream: str) -> Source | None:
    """Of sources that share one log group the one that wrote this stream; None when none of them did.

    What is in no form of Lambda's (written by PutLogEvents) belongs to the first.
    """
    found = _STREAM.match(stream)
    if found is None:
        return sources[0]
    return next((one for one in sources if _is_of(one, found[1], found[2])), None)


def _is_of(source: Source, function: str, version: str) -> bool:
    return (not function or function == source.function) and source.version in (None, version)
