"""`lambdad logs`: which events it asks for, of whom, and in which order they come."""

import json
import os
import subprocess
import sys

import pytest

from lambdad.cli.errors import CommandError
from lambdad.cli.log_sources import Source, whose
from lambdad.cli.moments import clock, duration, range_ms, since_ms

NOW = 1_800_000_000.0
ID, OTHER = "8f5077ee-14f1-4e59-9bd0-1b2a3c4d5e6f", "aaaaaaaa-14f1-4e59-9bd0-1b2a3c4d5e6f"


def event(number, message, stream="2030/03/17/[$LATEST]ab", group=None):
    made = {
        "eventId": f"e{number}",
        "logStreamName": stream,
        "timestamp": 1_900_000_000_000 + number,
        "message": message,
    }
    return made | ({"group": group} if group else {})


@pytest.fixture
def three(fake):
    """Three functions, two of which share a log group."""
    fake.functions.update(
        a={"FunctionName": "a"},
        b={"FunctionName": "b", "LoggingConfig": {"LogGroup": "/shared", "LogFormat": "JSON"}},
        c={"FunctionName": "c", "LoggingConfig": {"LogGroup": "/shared"}},
    )
    fake.events = [
        event(1, "one", group="/aws/lambda/a"),
        event(2, "two", "2030/03/17/b[$LATEST]ab", "/shared"),
        event(3, "three", group="/aws/lambda/a"),
        event(4, "four", "2030/03/17/c[7]ab", "/shared"),
    ]
    return fake


def messages(ran):
    return [line.split(" ", 1)[1] for line in ran.out.splitlines()]


def test_several_functions_are_interleaved_in_order_of_time_and_named(three, lambdad):
    assert messages(lambdad("logs", "a", "b", "c")) == ["a one", "b two", "a three", "c four"]


def test_all_are_those_that_there_are(three, lambdad):
    assert messages(lambdad("logs", "--all")) == ["a one", "b two", "a three", "c four"]


def test_of_a_shared_group_only_the_streams_of_the_function_are_shown(three, lambdad):
    assert messages(lambdad("logs", "c")) == ["four"]


def test_a_version_is_shown_alone(three, lambdad):
    three.functions["c:7"] = three.functions["c:8"] = three.functions["c"]
    assert messages(lambdad("logs", "c:7")) == ["four"]
    assert messages(lambdad("logs", "c:8")) == []


def test_a_shared_group_is_read_once(three, lambdad):
    lambdad("logs", "b", "c")
    assert len(three.asked("POST", "/")) == 1


def test_a_stream_in_no_form_of_lambdas_belongs_to_the_first():
    sources = [Source("a", "a", "/g"), Source("b", "b", "/g")]
    assert whose(sources, "mine").name == "a"
    assert whose(sources, "2030/03/17/x[1]ab") is None


@pytest.mark.parametrize("arguments", [[], ["a", "--all"]])
def test_names_or_all_but_not_both(three, lambdad, arguments):
    ran = lambdad("logs", *arguments)
    assert ran.status == 2
    assert "--all" in ran.err


def test_all_of_nothing_says_how_to_make_something(fake, lambdad):
    assert "lambdad deploy" in lambdad("logs", "--all").err


def test_a_range_is_asked_of_the_server(three, lambdad):
    lambdad("logs", "a", "--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z")
    asked = three.asked("POST", "/")[0].document
    assert (asked["endTime"] - asked["startTime"]) == 86_400_000


def test_errors_asks_for_what_may_be_one_and_prints_what_is(three, lambdad):
    three.events = [event(1, "no error"), event(2, "[ERROR] x"), event(3, "an Error was handled")]
    three.wanted = lambda pattern, message: "?ERROR" in pattern
    assert messages(lambdad("logs", "a", "--errors")) == ["[ERROR] x"]


def test_errors_of_a_filter_are_both(three, lambdad):
    three.events = [event(1, "tea: fine"), event(2, "[ERROR] tea"), event(3, "[ERROR] milk")]
    assert messages(lambdad("logs", "a", "--errors", "--filter", "tea")) == ["[ERROR] tea"]


@pytest.mark.parametrize("given", [ID, ID[:8]])
def test_a_request_is_every_line_of_its_invocation(three, lambdad, given):
    three.events = [
        event(1, f"START RequestId: {OTHER} Version: 1"),
        event(2, "not mine"),
        event(3, f"REPORT RequestId: {OTHER}\t"),
        event(4, f"START RequestId: {ID} Version: 1"),
        event(5, "mine, without its name"),
        event(6, "of another environment", "2030/03/17/[$LATEST]cd"),
        event(7, f"END RequestId: {ID}"),
        event(8, f"REPORT RequestId: {ID}\t"),
        event(9, "after it"),
    ]
    shown = messages(lambdad("logs", "a", "--request-id", given))
    assert [line.split("\t")[0] for line in shown] == [
        f"START RequestId: {ID} Version: 1",
        "mine, without its name",
        f"END RequestId: {ID}",
        f"REPORT RequestId: {ID}",
    ]


def test_a_request_that_still_runs_is_shown_up_to_now(three, lambdad):
    start = json.dumps({"type": "platform.start", "record": {"requestId": ID, "version": "1"}})
    three.events = [event(1, start), event(2, "still at it")]
    assert messages(lambdad("logs", "a", "--request-id", ID)) == [start, "still at it"]


def test_a_request_that_nobody_names_fails_and_says_where_to_look(three, lambdad):
    ran = lambdad("logs", "a", "--request-id", ID)
    assert ran.status == 1
    assert "--since" in ran.err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--request-id", ID, "--filter", "x"],
        ["--request-id", ""],
        ["--raw", "--json"],
        ["--follow", "--until", "1h"],
        ["--since", "1h", "--until", "2h"],
        ["--until", "yesterday"],
    ],
)
def test_what_makes_no_sense_is_wrong_usage_in_one_line(three, lambdad, wrong):
    ran = lambdad("logs", "a", *wrong)
    assert (ran.status, ran.err.count("\n")) == (2, 1)


def test_raw_prints_the_message_alone(three, lambdad):
    three.events = [event(1, "\x1b[31mred\x1b[0m\n")]
    assert lambdad("logs", "a", "--raw").out == "\x1b[31mred\x1b[0m\n"


def test_halves_of_characters_do_not_end_it(three, lambdad):
    three.events = [event(1, "\ud83d half")]
    assert lambdad("logs", "a", "--raw").out == "\\ud83d half\n"
    assert messages(lambdad("logs", "a")) == ["\\ud83d half"]


def test_a_pipe_that_closes_ends_it_quietly(three):
    three.events = [event(number, "x" * 1_000) for number in range(500)]
    command = [sys.executable, "-m", "lambdad.cli.entry", "logs", "a"]
    environ = {**os.environ, "LAMBDAD_ENDPOINT": three.endpoint}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(20)


@pytest.mark.parametrize(
    ("age", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400), ("1w", 604_800)]
)
def test_since_takes_an_age(age, seconds):
    assert since_ms(age, NOW) == int((NOW - seconds) * 1000)


def test_since_takes_a_time_in_utc():
    assert since_ms("2026-11-23T00:00:00", NOW) == since_ms("2026-11-23T01:00:00+01:00", NOW)


@pytest.mark.parametrize("text", ["", "yesterday", "10", "m"])
def test_since_of_something_else_says_what_it_takes(text):
    with pytest.raises(CommandError, match="10m, 2h, 1d or an ISO time"):
        since_ms(text, NOW)


def test_since_the_beginning_of_the_calendar_is_since_ever():
    assert since_ms("0001-01-01", NOW) == 0


def test_a_range_ends_behind_its_begin():
    assert range_ms("2h", "1h", NOW) == (int((NOW - 7_200) * 1000), int((NOW - 3_600) * 1000))
    with pytest.raises(CommandError, match="not later"):
        range_ms("1h", "1h", NOW)


def test_a_time_outside_every_calendar_is_still_shown():
    assert clock(10**18) == f"{10**18} ms"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (7_800, "2 h 10 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_in_two_units(seconds, words):
    assert duration(seconds) == words
