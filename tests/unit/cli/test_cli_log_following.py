"""`lambdad logs --follow`: every event once, in order, through live tails and questions, over restarts."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from lambdad.awsapi import eventstream
from lambdad.cli.client import client_for
from lambdad.cli.log_following import Following, Printed
from lambdad.cli.log_reading import LogLine, Wanted
from lambdad.cli.log_sources import Source

STREAM = "2026/11/27/[$LATEST]ab"
GROUP = "/aws/lambda/f"
SOURCES = {GROUP: [Source("f", "f", GROUP)]}
WITHIN = 400
"""Turns in which what is awaited must have come."""


def event(number, message):
    return {
        "eventId": f"e{number}",
        "logStreamName": STREAM,
        "timestamp": 1_900_000_000_000 + number,
        "message": message,
    }


def live(number, message):
    return {
        "logGroupIdentifier": f"000000000000:{GROUP}",
        "logStreamName": STREAM,
        "timestamp": 1_900_000_000_000 + number,
        "message": message,
    }


def session(*updates, sampled=False):
    """What a session of StartLiveTail streams."""
    stream = eventstream.event("initial-response") + eventstream.event("sessionStart", b"{}")
    for update in updates:
        told = {"sessionMetadata": {"sampled": sampled}, "sessionResults": list(update)}
        stream += eventstream.event("sessionUpdate", json.dumps(told).encode())
    return stream


class Following_:
    """A running `Following`: time passes only while it sleeps, and `meanwhile` happens then."""

    def __init__(self, fake, groups=SOURCES, meanwhile=(), refresh=None):
        self.said = []
        self.slept = []
        self._meanwhile = list(meanwhile)
        self._now = 0.0
        self._following = Following(
            lambda: client_for(fake.endpoint),
            groups,
            Wanted(0),
            self.said.append,
            refresh=refresh,
            now=lambda: self._now,
            sleep=self._sleep,
        )
        self._batches = self._following.batches()

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self._now += seconds
        if self._meanwhile:
            self._meanwhile.pop(0)()

    def until(self, count):
        """The first `count` messages that are new."""
        found = []
        for _ in range(WITHIN):
            if len(found) >= count:
                return found
            found += [line.message for line in next(self._batches)]
            self._now += 0.5
        return found

    def close(self):
        self._batches.close()


@pytest.fixture
def following(fake):
    made = []

    def make(**arguments):
        made.append(Following_(fake, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_without_live_tails_it_asks_again_and_prints_each_event_once(fake, following):
    fake.events = [event(1, "first"), event(2, "second")]
    later = [lambda number=number: fake.events.append(event(number, f"after {number}")) for number in (3, 4)]
    assert following(meanwhile=later).until(4) == ["first", "second", "after 3", "after 4"]


def test_equal_events_of_one_millisecond_are_as_many_as_they_are(fake, following):
    fake.events = [event(1, "same"), event(1, "same")]
    again = [lambda: fake.events.append(event(1, "same"))]
    assert following(meanwhile=again).until(3) == ["same", "same", "same"]


def test_a_group_that_is_made_later_is_followed_from_its_first_event(fake, following):
    assert following(meanwhile=[lambda: None, lambda: fake.events.append(event(1, "born"))]).until(1) == [
        "born"
    ]


def test_what_a_live_tail_tells_is_printed_once_beside_what_was_asked(fake, following):
    fake.events = [event(1, "before")]
    fake.tails = [session([live(1, "before"), live(2, "told"), live(2, "told")], [live(3, "more")])]
    assert following().until(4) == ["before", "told", "told", "more"]
    tail = next(one for one in fake.seen if one.headers.get("x-amz-target", "").endswith("StartLiveTail"))
    assert tail.document["logGroupIdentifiers"] == [f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"]


def test_what_a_live_tail_leaves_out_is_asked_for(fake, following):
    fake.events = [event(1, "before")]
    fake.tails = [session([live(2, "sampled")], sampled=True)]
    running = following()
    assert running.until(1) == ["before"]
    fake.events += [event(2, "sampled"), event(3, "left out")]
    assert running.until(2) == ["sampled", "left out"]


def test_a_session_that_ends_is_followed_by_another(fake, following):
    fake.events = [event(1, "before")]
    fake.tails = [session([live(2, "of the first")]), session([live(3, "of the second")])]
    assert following().until(3) == ["before", "of the first", "of the second"]


@pytest.mark.parametrize(
    "garbage", [b"<html>", eventstream.exception("SessionTimeoutException", b"{}"), b"\0" * 40]
)
def test_a_stream_that_cannot_be_read_is_no_end(fake, following, garbage):
    fake.events = [event(1, "before")]
    fake.tails = [garbage]
    running = following(meanwhile=[lambda: fake.events.append(event(2, "after"))] * 2)
    assert running.until(2) == ["before", "after"]


def test_a_server_that_goes_is_waited_for_and_that_is_said_once(fake, following):
    fake.events = [event(1, "before")]
    running = following()
    assert running.until(1) == ["before"]
    fake.gone = 5
    fake.events.append(event(2, "after"))
    assert running.until(1) == ["after"]
    assert [words.split(",")[0] for words in running.said] == ["the server is gone", "the server is back"]


def test_a_connection_that_was_closed_because_it_was_idle_is_nothing_to_say(fake, following):
    fake.events = [event(1, "before")]
    running = following()
    assert running.until(1) == ["before"]
    fake.gone = 1
    fake.events.append(event(2, "after"))
    assert running.until(1) == ["after"]
    assert running.said == []


def test_functions_that_are_made_later_are_followed_too(fake, following):
    fake.events = [event(1, "old") | {"group": GROUP}, event(2, "new") | {"group": "/aws/lambda/g"}]
    both = {**SOURCES, "/aws/lambda/g": [Source("g", "g", "/aws/lambda/g")]}
    running = following(refresh=lambda client: both)
    assert running.until(2) == ["old", "new"]


def test_many_groups_are_asked_less_often_each(fake, following):
    groups = {f"/g/{number}": [Source("f", "f", f"/g/{number}")] for number in range(40)}
    fake.events = [event(1, "x") | {"group": "/g/1"}]
    running = following(groups=groups)
    running.until(1)
    next(running._batches)
    assert len([one for one in fake.seen if one.document.get("logGroupName") == "/g/5"]) == 1


def test_what_is_old_is_forgotten():
    printed = Printed()
    lines = [LogLine(number, "m", "s", "g", "f") for number in range(10)]
    assert printed.fresh(lines, Counter()) == lines
    assert printed.fresh(lines, Counter()) == []
    printed.forget(5)
    assert printed.fresh(lines, Counter()) == lines[:5]


def test_what_is_new_is_printed_at_once_and_control_c_ends_it(fake):
    fake.functions["f"] = {"FunctionName": "f"}
    fake.events = [event(1, "hello"), event(2, "[ERROR] no")]
    fake.wanted = lambda pattern, message: "?ERROR" in pattern
    command = [sys.executable, "-m", "lambdad.cli.entry", "logs", "f", "--follow", "--errors"]
    environ = {**os.environ, "LAMBDAD_ENDPOINT": fake.endpoint}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().endswith(b"Z [ERROR] no\n")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130
