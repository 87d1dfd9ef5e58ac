"""How log events look on a terminal, in a pipe, and raw."""

import json

from lambdad.cli.log_lines import Look, as_json, as_plain, as_raw, as_shown
from lambdad.cli.log_reading import LogLine

ID = "8f5077ee-14f1-4e59-9bd0-1b2a3c4d5e6f"
NOON = 1_800_014_400_123
TWO = Look(("orders", "pay"), 80)
ONE = Look(("orders",), 80)
MARKED = Look(("orders",), 80, lambda text, style: f"<{style}>{text}</>" if style else text)


def line(message, name="orders"):
    return LogLine(NOON, message, "2027/01/15/[$LATEST]ab", "/aws/lambda/" + name, name)


def platform(kind, **record):
    return line(json.dumps({"time": "2027-01-15T12:00:00Z", "type": f"platform.{kind}", "record": record}))


def test_one_function_is_not_named_and_several_are_in_a_column():
    assert as_shown(line("hello\n"), ONE) == "12:00:00.123 hello"
    assert as_shown(line("hello\n", "pay"), TWO) == "12:00:00.123 pay    hello"


def test_a_long_name_keeps_both_ends():
    name = "a" * 30 + "z" * 30
    shown = as_shown(line("x", name), Look((name, "b"), 80))
    assert shown == f"12:00:00.123 {'a' * 13}…{'z' * 14} x"


def test_lines_of_a_message_stand_below_each_other():
    assert as_shown(line("[ERROR] E: no\r\n  at a\n"), ONE).split("\n") == [
        "12:00:00.123 ERROR E: no",
        "               at a",
    ]


def test_errors_are_red_warnings_yellow_and_the_platform_dim():
    assert as_shown(line("ERROR no"), MARKED) == "<dim>12:00:00.123 </><red bold>ERROR </><red>no</>"
    assert "<yellow>low</>" in as_shown(line("WARN low"), MARKED)
    assert f"<dim>START  {ID}</>" in as_shown(line(f"START RequestId: {ID} Version: $LATEST"), MARKED)


def test_a_report_says_the_same_in_fewer_words_in_both_formats():
    text = (
        f"REPORT RequestId: {ID}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 35 MB\tInit Duration: 84.00 ms\tStatus: error\tError Type: Runtime.ExitError"
    )
    metrics = {"durationMs": 1.23, "billedDurationMs": 2, "memorySizeMB": 128, "maxMemoryUsedMB": 35}
    report = platform(
        "report",
        requestId=ID,
        metrics={**metrics, "initDurationMs": "84.00"},
        status="error",
        errorType="Runtime.ExitError",
    )
    said = "REPORT 8f5077ee  1.23 ms, billed 2 ms, 35 of 128 MB, init 84.00 ms, error Runtime.ExitError"
    assert as_shown(line(text), ONE) == as_shown(report, ONE) == f"12:00:00.123 {said}"
    assert "<red>, error Runtime.ExitError</>" in as_shown(line(text), MARKED)


def test_start_and_end_are_the_same_in_both_formats():
    text = as_shown(line(f"START RequestId: {ID} Version: 3\n"), ONE)
    assert text == as_shown(platform("start", requestId=ID, version="3"), ONE)
    assert text == f"12:00:00.123 START  {ID} version 3"
    assert as_shown(line(f"END RequestId: {ID}\n"), ONE) == "12:00:00.123 END    8f5077ee"


def test_other_platform_events_show_everything_they_say():
    shown = as_shown(platform("extension", name="x", state="Ready", events=["INVOKE"]), ONE)
    assert shown == '12:00:00.123 extension  name=x  state=Ready  events=["INVOKE"]'


def test_fields_of_a_json_event_follow_it_or_stand_below_when_they_do_not_fit():
    message = line(
        '{"level":"INFO","message":"paid","amount":12.5,"requestId":"' + ID + '","currency":"EUR"}'
    )
    assert as_shown(message, ONE) == (
        "12:00:00.123 INFO  paid  amount=12.5  requestId=8f5077ee  currency=EUR"
    )
    assert as_shown(message, Look(("orders",), 50)).split("\n") == [
        "12:00:00.123 INFO  paid",
        "               amount=12.5  requestId=8f5077ee",
        "               currency=EUR",
    ]


def test_nothing_that_a_function_wrote_reaches_a_terminal_as_an_escape():
    evil = "\x1b]0;t\x07\r\x1b[2J"
    events = [evil, json.dumps({"level": "INFO", "message": evil, evil: evil, "stack": evil})]
    events += [
        json.dumps({"type": "platform.x", "record": {"a": evil, evil: 1}}),
        f"START RequestId: {evil} Version: {evil}",
    ]
    for event in events:
        for shown in (as_shown(line(event), TWO), as_plain(line(event), TWO)):
            assert not {"\x1b", "\x07", "\r"} & set(shown)


def test_a_pipe_gets_the_event_as_it_was_written():
    assert as_plain(line("[INFO]\tx\n"), ONE) == "2027-01-15T12:00:00.123Z [INFO]\tx"
    assert as_plain(line("x", "pay"), TWO) == "2027-01-15T12:00:00.123Z pay x"


def test_raw_is_what_the_function_wrote_and_json_has_everything():
    assert as_raw(line("\x1b[31mx\x1b[0m\n")) == "\x1b[31mx\x1b[0m"
    assert json.loads(as_json(line("x\n"))) == {
        "timestamp": NOON,
        "functionName": "orders",
        "logGroupName": "/aws/lambda/orders",
        "logStreamName": "2027/01/15/[$LATEST]ab",
        "message": "x\n",
    }


def test_an_event_of_very_many_lines_does_not_flood_a_terminal():
    shown = as_shown(line("x\n" * 500_000), ONE).split("\n")
    assert len(shown) == 1_001
    assert shown[-1].strip() == "and 499,000 more lines, which --raw shows"
    assert as_plain(line("x\n" * 5_000), ONE).count("\n") == 4_999


def test_a_line_of_a_megabyte_is_shown_whole():
    assert as_shown(line("x" * 1_000_000), ONE).endswith("x" * 1_000_000)
    fat = json.dumps({"level": "INFO", "message": "m", "field": "x" * 1_000_000})
    assert as_shown(line(fat), ONE).endswith("field=" + "x" * 1_000_000)
