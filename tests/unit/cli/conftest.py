"""A tiny server that answers as lambdad would, and the command line run against it in this process."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from lambdad.cli.entry import main

FUNCTIONS = "/2015-03-31/functions"


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class FakeLambda:
    """What the server holds and what it was asked."""

    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    pending_polls: int = 0
    page_size: int = 50
    failure: str | None = None
    invoke_answer: tuple[int, dict[str, str], bytes] = (200, {}, b'{"ok": true}')
    endpoint: str = ""
    series: dict[tuple[str, str, str | None], dict[int, float]] = field(default_factory=dict)
    """Values by second, by metric, statistic and function (None: the account)."""
    wanted: Callable[[str, str], bool] = lambda pattern, message: pattern.strip('"') in message
    status: dict[str, Any] | None = None
    queues: list[dict[str, Any]] = field(default_factory=list)
    gone: int = 0
    """So many requests are answered by closing the connection, as a server does that ends."""
    tails: list[bytes] = field(default_factory=list)
    """What sessions of StartLiveTail stream, one after the other; without one they are not offered."""

    def asked(self, method: str, ending: str) -> list[Seen]:
        return [one for one in self.seen if one.method == method and one.path.endswith(ending)]

    def answer(self, asked: Seen) -> tuple[int, dict[str, str], bytes]:
        if asked.path == "/" and "x-amz-target" in asked.headers:
            if asked.headers["x-amz-target"].startswith("GraniteServiceVersion20100801."):
                return self._monitoring(asked)
            return self._logs(asked)
        if asked.path.startswith("/lambdad/v1/"):
            return self._own(asked)
        name, _, rest = unquote(asked.path).removeprefix(FUNCTIONS).strip("/").partition("/")
        if not name and asked.method == "GET":
            return self._list(asked)
        if not name:
            return self._create(asked)
        if name not in self.functions:
            return refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
        return self._function(asked, name, rest)

    def _function(self, asked: Seen, name: str, rest: str) -> tuple[int, dict[str, str], bytes]:
        function = self.functions[name]
        match asked.method, rest:
            case "GET", "configuration":
                if self.pending_polls:
                    self.pending_polls -= 1
                    return json_answer({**function, "State": "Pending"})
                if self.failure:
                    return json_answer({**function, "State": "Failed", "StateReason": self.failure})
                return json_answer(function)
            case "PUT", "code":
                function["CodeSha256"] = digest(base64.b64decode(asked.document["ZipFile"]))
            case "PUT", "configuration":
                function.update(asked.document)
            case "DELETE", "":
                del self.functions[name]
                return 204, {}, b""
            case "POST", "invocations":
                return self.invoke_answer
            case _:
                return refusal(404, "UnknownOperationException", "no such operation")
        return json_answer(function)

    def _create(self, asked: Seen) -> tuple[int, dict[str, str], bytes]:
        members = asked.document
        archive = base64.b64decode(members.pop("Code")["ZipFile"])
        self.functions[members["FunctionName"]] = {
            **members,
            "CodeSha256": digest(archive),
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }
        return json_answer(self.functions[members["FunctionName"]], 201)

    def _list(self, asked: Seen) -> tuple[int, dict[str, str], bytes]:
        names = sorted(self.functions)
        start = int(asked.query.get("Marker", "0"))
        page = names[start : start + self.page_size]
        more = {"NextMarker": str(start + self.page_size)} if names[start + self.page_size :] else {}
        return json_answer({"Functions": [self.functions[name] for name in page], **more})

    def _logs(self, asked: Seen) -> tuple[int, dict[str, str], bytes]:
        members = asked.document
        match asked.headers["x-amz-target"].rpartition(".")[2]:
            case "StartLiveTail" if self.tails:
                return 200, {"Content-Type": "application/vnd.amazon.eventstream"}, self.tails.pop(0)
            case "StartLiveTail":
                return refusal(400, "UnknownOperationException", "not offered")
            case "DescribeLogGroups":
                name = members["logGroupNamePrefix"]
                arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}"
                return json_answer({"logGroups": [{"logGroupName": name, "logGroupArn": arn}]})
        pattern = members.get("filterPattern", "")
        chosen = [
            event
            for event in self.events
            if members["startTime"] <= event["timestamp"] <= members.get("endTime", event["timestamp"])
            and self.wanted(pattern, event["message"])
            and event.get("group", members["logGroupName"]) == members["logGroupName"]
            and event["logStreamName"] in members.get("logStreamNames", [event["logStreamName"]])
        ]
        if not self.events:
            return refusal(400, "ResourceNotFoundException", "The specified log group does not exist.")
        start = int(members.get("nextToken", "0"))
        page = chosen[start : start + self.page_size]
        more = {"nextToken": str(start + self.page_size)} if chosen[start + self.page_size :] else {}
        return json_answer({"events": page, **more})

    def _monitoring(self, asked: Seen) -> tuple[int, dict[str, str], bytes]:
        members = asked.document
        results = []
        for query in members["MetricDataQueries"]:
            stat = query["MetricStat"]
            of = {one["Name"]: one["Value"] for one in stat["Metric"]["Dimensions"]}
            whose = of.get("Resource", of.get("FunctionName"))
            found = self.series.get((stat["Metric"]["MetricName"], stat["Stat"], whose), {})
            within = sorted(at for at in found if members["StartTime"] <= at < members["EndTime"])
            results.append({"Id": query["Id"], "Timestamps": within, "Values": [found[at] for at in within]})
        start = int(members.get("NextToken", "0"))
        page = results[start : start + self.page_size]
        more = {"NextToken": str(start + self.page_size)} if results[start + self.page_size :] else {}
        return json_answer({"MetricDataResults": page, **more})

    def _own(self, asked: Seen) -> tuple[int, dict[str, str], bytes]:
        if asked.path == "/lambdad/v1/queue":
            return json_answer({"queues": self.queues, "owed": []})
        if asked.path == "/lambdad/v1/status" and self.status is not None:
            return json_answer(self.status)
        if asked.path == "/lambdad/v1/status":
            finding = {"feature": "memory limit", "works": False, "detail": "no cgroup"}
            return json_answer(
                {
                    "version": "9.9",
                    "isolation": {"tier": "process", "findings": [finding]},
                    "starts": {"pool": 7, "fork": 1},
                    "pools": {
                        "bare": {"waiting": 2, "wanted": 2},
                        "python3.13": {
                            "waiting": 0,
                            "wanted": 5,
                            "died_waiting": 1,
                            "failures": 3,
                            "last_failure": "no pids left",
                        },
                    },
                    "environments": [{"id": "env-1", "function": "f", "state": "idle"}],
                }
            )
        return json_answer({"environments": 3, "ended": 2})


def digest(archive: bytes) -> str:
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def json_answer(members: dict[str, Any], status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(members).encode()


def refusal(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    return status, {"x-amzn-ErrorType": code}, json.dumps({"Message": message}).encode()


def handler_for(fake: FakeLambda) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Seen(self.command, url.path, dict(parse_qsl(url.query)), headers, body)
            fake.seen.append(asked)
            if fake.gone:
                fake.gone -= 1
                self.close_connection = True
                return
            status, out, answer = fake.answer(asked)
            self.send_response(status)
            for name, value in out.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    made = FakeLambda()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(made))
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    made.endpoint = f"http://127.0.0.1:{server.server_port}"
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("LAMBDAD_ENDPOINT", made.endpoint)
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def lambdad(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse ends the process on wrong usage and on --help
            status = end.code if isinstance(end.code, int) else 1
        out, err = capfd.readouterr()
        return Ran(status, out, err)

    return run
