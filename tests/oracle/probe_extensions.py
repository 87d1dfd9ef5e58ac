"""Scenarios of the Extensions API: registration, events, errors, extensions that end, shutdown."""

from __future__ import annotations

from probe_steps import (
    EXT_LOOP,
    EXTENSION,
    HANG,
    IGNORE_SIGTERM,
    LOOP,
    SHOW_SIGTERM,
    UNKNOWN_ID,
    Steps,
    again,
    answer,
    collect,
    event_next,
    exit_,
    ext_error,
    http,
    internal,
    next_,
    register,
    scenario,
    touch,
    wait,
)

LAST = event_next("event 2", park=True)
A = "a.sh"
FEATURE = {"Lambda-Extension-Accept-Feature": "other, accountId"}

# --- registration
scenario("extension: plain", LOOP, ext={A: [register(), event_next("event 1"), LAST, HANG]})
scenario(
    "extension: before it registered",
    [wait("registered"), *LOOP],
    ext={
        A: [
            event_next("next without identifier", None),
            event_next("next with a bad identifier", "nope"),
            event_next("next with an unknown identifier", UNKNOWN_ID),
            ext_error("init", "init/error", UNKNOWN_ID),
            ext_error("exit", "exit/error", UNKNOWN_ID),
            http("GET register", f"GET {EXTENSION}/register"),
            http("PUT register", f"PUT {EXTENSION}/register"),
            http("POST event/next", f"POST {EXTENSION}/event/next"),
            http("unknown path", f"GET {EXTENSION}/other"),
            http("GET init/error", f"GET {EXTENSION}/init/error"),
            http("GET exit/error", f"GET {EXTENSION}/exit/error"),
            http("POST telemetry", "POST /2022-07-01/telemetry", "{}"),
            http("GET logs", "GET /2020-08-15/logs"),
            register("no name", name=""),
            register("not JSON", body="nope"),
            register("empty body", body=""),
            register("array", body="[]"),
            register("events a string", body='{"events":"INVOKE"}'),
            register("events of numbers", body='{"events":[1]}'),
            register("unknown event", '["INVOKE","OTHER"]'),
            register("lower case event", '["invoke"]'),
            register("configurationKeys", body='{"events":[],"configurationKeys":["A"]}'),
            register(),
            register("twice"),
            register("twice with another event", '["INVOKE"]'),
            touch("registered"),
            event_next("event 1"),
            register("after an event"),
            event_next("event 2", park=True),
            HANG,
        ]
    },
)
# It waits in `next` through two events and is told of neither.
UNTOLD: Steps = [
    event_next("event", park=True),
    wait("second"),
    collect("event", within=0.2),
    touch("seen"),
    HANG,
]
TWO_EVENTS: Steps = [
    next_(),
    answer(),
    next_("next 2"),
    touch("second"),
    wait("seen"),
    answer("response 2"),
    again(),
    HANG,
]
for label, body in (
    ("empty events", '{"events":[]}'),
    ("SHUTDOWN only", '{"events":["SHUTDOWN"]}'),
    ("no events key", "{}"),
    ("null", "null"),
):
    scenario(f"extension: {label}", TWO_EVENTS, ext={A: [register(body=body), *UNTOLD]}, events=(1, 2))
scenario(
    "extension: the same event twice",
    [next_(), answer(), next_("next 2"), answer("response 2"), again(), HANG],
    ext={
        A: [
            register(events='["INVOKE","INVOKE"]'),
            event_next("event 1"),
            event_next("event 2"),
            event_next("event 3", park=True),
            HANG,
        ]
    },
    events=(1, 2),
)
scenario(
    "extension: accountId",
    LOOP,
    ext={A: [register(headers=FEATURE), event_next("event 1"), event_next("event 2", park=True), HANG]},
)
scenario(
    "extension: a file registers other names",
    [wait("tried"), *LOOP],
    ext={
        A: [
            register("with SHUTDOWN", name="c.sh"),
            register(),
            touch("tried"),
            event_next("event 1"),
            event_next("event 2", park=True),
            HANG,
        ]
    },
)
scenario(
    "extension: internal",
    [
        internal("internal SHUTDOWN", events='["INVOKE","SHUTDOWN"]'),
        internal("unknown event", events='["X"]'),
        internal("no name", ""),
        internal("internal"),
        internal("internal twice"),
        event_next("event 1", park=True),
        next_(),
        collect("event 1"),
        answer(),
        event_next("event 2", park=True),
        again(),
        HANG,
    ],
)
scenario(
    "extension: internal, without events",
    [
        internal("internal", events="[]"),
        event_next("event 1", park=True),
        next_(),
        answer(),
        collect("event 1", within=0.2),
        again(),
        HANG,
    ],
)
scenario(
    "extension: the event waits for an internal one",
    [
        internal("internal"),
        next_("next", within=0.4),
        event_next("event 1", within=2.0),
        collect("next"),
        answer(),
        event_next("event 2", park=True),
        again(),
        HANG,
    ],
)
scenario(
    "extension: the name of a file from the runtime",
    [
        wait("registered"),
        register("external name", name=A),
        internal("internal name", A),
        *LOOP,
    ],
    ext={A: [register(), touch("registered"), *EXT_LOOP[1:]]},
)
scenario(
    "extension: registration closed",
    [
        next_(),
        internal("internal"),
        register("external name", name=A),
        touch("tried"),
        answer(),
        again(),
        HANG,
    ],
    ext={
        A: [
            register(),
            event_next("event 1"),
            wait("tried"),
            register("own name"),
            event_next("event 2", park=True),
            HANG,
        ]
    },
)
scenario(
    "extension: the eleventh",
    [
        *[internal(f"internal {n}", f"i{n}") for n in range(1, 11)],
        exit_(1),
    ],
    ext={A: [register(), event_next("event 1", park=True), HANG]},
)
scenario("extension: ten files", LOOP, ext={f"e{n:02}.sh": EXT_LOOP for n in range(1, 11)})
scenario("extension: eleven files", LOOP, ext={f"e{n:02}.sh": [HANG] for n in range(1, 12)})

# --- events
scenario(
    "extension: the event waits for next",
    [next_("next", within=0.5), touch("asked"), collect("next"), answer(), again(), HANG],
    ext={A: [register(), wait("asked"), event_next("event 1"), event_next("event 2", park=True), HANG]},
)
scenario(
    "extension: every event",
    [next_(), answer(), next_("next 2"), answer("response 2"), again(), HANG],
    ext={
        A: [register(), event_next("event 1"), event_next("event 2"), event_next("event 3", park=True), HANG]
    },
    events=(1, 2),
)
scenario(
    "extension: slow after the response",
    [next_(), answer(), touch("answered"), next_("next 2"), answer("response 2"), again(), HANG],
    ext={
        A: [
            register(),
            event_next("event 1"),
            wait("answered"),
            {"pause": 0.5},
            event_next("event 2"),
            event_next("event 3", park=True),
            HANG,
        ]
    },
    events=(1, 2),
)
scenario(
    "extension: a trace",
    LOOP,
    ext={A: EXT_LOOP},
    trace="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
)

# --- errors
TRAPPED_IN_EVENT: Steps = [SHOW_SIGTERM, next_(), touch("running"), HANG]
scenario(
    "extension: init/error",
    [HANG],
    ext={
        A: [
            [
                register(),
                ext_error("init", "no type", kind=None),
                ext_error("init", "no identifier", None),
                ext_error("init", "bad identifier", "x"),
                ext_error("init", "unknown identifier", UNKNOWN_ID),
                exit_(1),
            ]
        ]
    },
)
scenario(
    "extension: after init/error",
    [[wait("told"), exit_(1)]],
    ext={
        A: [
            [
                register(),
                ext_error("init", body="nope"),
                event_next("next after init/error"),
                ext_error("init", "init/error twice"),
                ext_error("exit", "exit/error after init/error"),
                exit_(1),
            ]
        ]
    },
)
scenario(
    "extension: init/error during an event",
    LOOP,
    ext={A: [register(), event_next("event 1"), ext_error("init"), event_next("event 2", park=True), HANG]},
)
scenario(
    "extension: exit/error forms",
    LOOP,
    ext={
        A: [
            register(),
            event_next("event 1"),
            ext_error("exit", "no type", kind=None),
            ext_error("exit", "no identifier", None),
            ext_error("exit", "bad identifier", "x"),
            ext_error("exit", "unknown identifier", UNKNOWN_ID),
            event_next("event 2", park=True),
            HANG,
        ]
    },
)
scenario(
    "extension: exit/error in an event",
    [TRAPPED_IN_EVENT, LOOP],
    ext={A: [[register(), event_next("event 1"), wait("running"), ext_error("exit"), exit_(1)], EXT_LOOP]},
    events=(1, 2),
)
scenario("extension: exit/error in init", [HANG], ext={A: [[register(), ext_error("exit"), exit_(1)]]})

# --- extensions that end
for code in (0, 1):
    scenario(f"extension: exit {code} before it registered", LOOP, ext={A: [[exit_(code)]]})
scenario("extension: exit 1 after it registered", [[wait("never")]], ext={A: [[register(), exit_(1)]]})
for label, end in (("exit 0", exit_(0)), ("exit 1", exit_(1)), ("SIGKILL", {"kill": "SIGKILL"})):
    scenario(
        f"extension: {label} in an event",
        [TRAPPED_IN_EVENT, LOOP],
        ext={A: [[register(), event_next("event 1"), wait("running"), end], EXT_LOOP]},
        events=(1, 2),
    )
scenario(
    "extension: exit 1 after the response",
    [[next_(), answer(), touch("answered"), again(), HANG], LOOP],
    ext={A: [[register(), event_next("event 1"), wait("answered"), exit_(1)], EXT_LOOP]},
    events=(1, 2),
)
scenario(
    "extension: the other one fails",
    [TRAPPED_IN_EVENT, LOOP],
    ext={
        A: [
            [
                SHOW_SIGTERM,
                register(),
                event_next("event 1"),
                touch("b may"),
                event_next("event 2"),
                exit_(0),
            ],
            EXT_LOOP,
        ],
        "b.sh": [
            [register(), event_next("event 1"), wait("b may"), wait("running"), {"pause": 0.2}, exit_(1)],
            EXT_LOOP,
        ],
    },
    events=(1, 2),
)

# --- shutdown and timeouts as extensions see them
SEEN: Steps = [SHOW_SIGTERM, register(), event_next("event 1"), event_next("event 2"), exit_(0)]
TRAPPED: Steps = [SHOW_SIGTERM, next_(), answer(), next_("parked", park=True), HANG]
FIRST_RUNTIME = ("runtime: signal", "a.sh: event 2")
scenario(
    "shutdown: one extension", TRAPPED, ext={A: SEEN}, stop=True, order=FIRST_RUNTIME, last=("a.sh 1: exit",)
)
scenario(
    "shutdown: SHUTDOWN not subscribed",
    TRAPPED,
    ext={A: [SHOW_SIGTERM, register(events='["INVOKE"]'), *SEEN[2:]]},
    stop=True,
    last=("runtime 1: signal",),
)
scenario(
    "shutdown: internal only",
    [
        SHOW_SIGTERM,
        internal("internal"),
        event_next("event 1", park=True),
        next_(),
        collect("event 1"),
        answer(),
        event_next("event 2", park=True),
        next_("parked", park=True),
        HANG,
    ],
    stop=True,
    last=("runtime 1: signal",),
)
scenario(
    "shutdown: the runtime ignores it",
    [IGNORE_SIGTERM, *TRAPPED[1:]],
    ext={A: SEEN},
    stop=True,
    order=FIRST_RUNTIME,
    last=("a.sh 1: exit",),
)
scenario(
    "shutdown: exit/error",
    TRAPPED,
    ext={A: [*SEEN[:4], ext_error("exit"), exit_(1)]},
    stop=True,
    last=("a.sh 1: exit",),
)
scenario(
    "shutdown: two extensions",
    TRAPPED,
    ext={A: SEEN, "b.sh": SEEN},
    stop=True,
    last=("a.sh 1: exit", "b.sh 1: exit"),
)
scenario(
    "a timeout with an extension",
    [TRAPPED_IN_EVENT, LOOP],
    ext={A: [SEEN, EXT_LOOP]},
    events=(1, 2),
    timeout_s=2,
    order=FIRST_RUNTIME,
)
scenario(
    "a timeout that the runtime ignores",
    [[IGNORE_SIGTERM, next_(), HANG], LOOP],
    ext={A: [SEEN, EXT_LOOP]},
    events=(1, 2),
    timeout_s=2,
    order=FIRST_RUNTIME,
)
scenario(
    "a failure with an extension",
    [[next_(), wait("told"), exit_(3)], LOOP],
    ext={A: [[*SEEN[:3], touch("told"), *SEEN[3:]], EXT_LOOP]},
    events=(1, 2),
)
scenario(
    "a failure of init with an extension",
    [[wait("asked"), {"pause": 0.2}, exit_(3)]],
    ext={
        A: [
            [
                SHOW_SIGTERM,
                register(),
                event_next("event 1", park=True),
                touch("asked"),
                collect("event 1"),
                exit_(0),
            ]
        ]
    },
)
