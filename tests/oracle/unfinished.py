"""Steps in which lambdad is not yet as AWS's emulator is, and what has to be done.

An entry here is a promise, not a licence: when the difference is gone the test asks for the entry to go, too.
"""

from __future__ import annotations

PENDING = {
    ("extension: before it registered", "a.sh 1: *"): (
        "register: InvalidRequestFormat is 403, the body must be an object, configurationKeys are refused, "
        "event names are refused as `X: ErrorInvalidEventType`; init/error and exit/error of an unknown "
        "identifier say `Unknown Lambda-Extension-Identifier`"
    ),
    ("*", "* 1: register"): "the answer to register ends with a newline",
    ("*", "* 2: register"): "the answer to register ends with a newline",
    ("*", "runtime 1: internal*"): (
        "register: newline at the end; internal ones with SHUTDOWN are refused as "
        "`SHUTDOWN: ShutdownEventNotSupportedForInternalExtension`, twice as "
        "`Extension with this name already registered`"
    ),
    ("extension: internal", "runtime 1: unknown event"): "`X: ErrorInvalidEventType`",
    ("extension: a file registers other names", "a.sh 1: with SHUTDOWN"): (
        "`SHUTDOWN: ShutdownEventNotSupportedForInternalExtension`"
    ),
    ("extension: *", "a.sh 1: unknown identifier"): "`Unknown Lambda-Extension-Identifier` outside of next",
    ("extension: after init/error", "a.sh 1: *"): (
        "outside of register an extension is named by its identifier; exit/error from InitError is refused "
        "as `InitError to Exited`"
    ),
    ("extension: init/error during an event", "a.sh 1: init/error"): (
        "outside of register an extension is named by its identifier"
    ),
    ("extension: after init/error", "caller 1"): (
        "the emulator says nothing to the caller here; whether AWS says Extension.InitError or the type "
        "that was reported is not known"
    ),
    ("extension: exit/error in *", "caller 1"): "Extension.ExitError with how the process ended",
    ("extension: * in an event", "runtime 1: signal"): (
        "the runtime is sent SIGTERM although the only extension has ended"
    ),
    ("a query on next", "*"): "a query string is ignored",
    ("no Host", "runtime 1: no host"): "HTTP/1.1 without Host is refused with 400",
    ("not HTTP", "runtime 1: big header"): "a head that is too large is 431",
    ("errors", "caller 19"): "an error cause without message and type has empty ones",
}
"""(pattern of the scenario, pattern of the step) to what is missing."""
