"""`lambdad ls`, `rm`, `logs`, `status` and `drain`."""

import json


def event(number, message, time_ms=None):
    return {
        "eventId": f"e{number}",
        "logStreamName": "stream",
        "timestamp": time_ms if time_ms is not None else 1_900_000_000_000 + number,
        "message": message,
    }


def test_ls_prints_one_line_per_function_from_every_page(fake, lambdad):
    fake.page_size = 2
    for name in ("c", "a", "b"):
        fake.functions[name] = {"FunctionName": name, "Runtime": "python3.12", "MemorySize": 128}
    ran = lambdad("ls")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["a", "b", "c"]
    assert len(fake.seen) == 2


def test_ls_json_has_everything_the_api_answers(fake, lambdad):
    fake.functions["a"] = {"FunctionName": "a", "CodeSha256": "x"}
    assert lambdad("ls", "--json").document == [{"FunctionName": "a", "CodeSha256": "x"}]


def test_ls_of_nothing_says_how_to_make_something(fake, lambdad):
    ran = lambdad("ls")
    assert (ran.status, ran.out) == (0, "")
    assert "lambdad deploy" in ran.err


def test_rm_deletes_each(fake, lambdad):
    fake.functions.update(a={}, b={}, c={})
    assert lambdad("rm", "a", "b").status == 0
    assert set(fake.functions) == {"c"}


def test_rm_of_what_is_not_there_fails(fake, lambdad):
    ran = lambdad("rm", "a")
    assert ran.status == 1
    assert ran.err.startswith("lambdad: ResourceNotFoundException")


def test_logs_prints_time_and_message_of_every_page(fake, lambdad):
    fake.functions["f"] = {"FunctionName": "f"}
    fake.page_size = 2
    fake.events = [event(n, f"line {n}\n") for n in range(5)]
    ran = lambdad("logs", "f")
    assert [line.split(" ", 1)[1] for line in ran.out.splitlines()] == [f"line {n}" for n in range(5)]
    assert ran.out.splitlines()[1].startswith("2030-03-17T17:46:40.001Z ")


def test_logs_reads_the_group_the_function_is_configured_for(fake, lambdad):
    fake.functions["f"] = {"FunctionName": "f", "LoggingConfig": {"LogGroup": "/mine"}}
    lambdad("logs", "f")
    assert fake.asked("POST", "/")[0].document["logGroupName"] == "/mine"


def test_logs_of_a_deleted_function_can_still_be_read(fake, lambdad):
    fake.events = [event(1, "END")]
    ran = lambdad("logs", "gone")
    assert fake.asked("POST", "/")[0].document["logGroupName"] == "/aws/lambda/gone"
    assert (ran.status, ran.out.split()[1]) == (0, "END")
    assert "no function gone" in ran.err


def test_logs_of_a_function_that_never_ran_are_empty(fake, lambdad):
    fake.functions["f"] = {"FunctionName": "f"}
    assert (lambdad("logs", "f").status, lambdad("logs", "f").out) == (0, "")


def test_logs_filter_goes_to_the_server_as_it_is(fake, lambdad):
    fake.functions["f"] = {"FunctionName": "f"}
    fake.events = [event(1, "one ERROR here"), event(2, "fine")]
    assert lambdad("logs", "f", "--filter", "ERROR").out.count("\n") == 1
    assert fake.asked("POST", "/")[0].document["filterPattern"] == "ERROR"


def test_logs_json_is_one_object_per_line(fake, lambdad):
    fake.functions["f"] = {"FunctionName": "f"}
    fake.events = [event(1, "a"), event(2, "b")]
    lines = lambdad("logs", "f", "--json").out.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["a", "b"]


def test_status_shows_findings_and_environments(fake, lambdad):
    out = lambdad("status").out
    assert "isolation.tier\tprocess" in out
    assert "isolation.findings: memory limit\tNO, no cgroup" in out
    assert "env-1\tf\tidle" in out


def test_status_shows_how_environments_came_to_be_and_what_waits(fake, lambdad):
    lines = lambdad("status").out.splitlines()
    assert "starts.pool\t7" in lines
    assert "pools.bare\t2 of 2 wait" in lines
    failing = "0 of 5 wait; 1 died waiting; 3 could not be made, last: no pids left"
    assert f"pools.python3.13\t{failing}" in lines


def test_status_json_is_the_servers_answer(fake, lambdad):
    assert lambdad("status", "--json").document["version"] == "9.9"


def test_drain_asks_the_server(fake, lambdad):
    ran = lambdad("drain")
    assert ran.out.startswith("ended 2 of 3 environments")
    assert [one.path for one in fake.seen] == ["/lambdad/v1/drain"]
    assert fake.seen[0].body == b"{}"


def test_drain_can_wait_for_busy_environments(fake, lambdad):
    lambdad("drain", "--wait-s", "1.5")
    assert fake.seen[0].body == b'{"wait_s": 1.5}'
