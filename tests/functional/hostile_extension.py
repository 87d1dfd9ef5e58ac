"""An external extension that does what the function's variable DO says, in the first BAD_STARTS starts."""

from __future__ import annotations

import uuid

from calling import Answer, call
from remains import unrest

from tests.running import Server, zip_of

EXTENSION = r"""#!/usr/bin/python3
import http.client, json, os, signal, socket, sys, threading, time
API, NAME = os.environ["AWS_LAMBDA_RUNTIME_API"], os.path.basename(__file__)
BASE = "/2020-01-01/extension/"
with open("/tmp/starts-" + NAME, "ab") as file:
    file.write(b".")
    starts = file.tell()
DO = os.environ["DO"] if starts <= int(os.environ.get("BAD_STARTS", "1")) else "nothing"
def call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(API)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()
def register(name=NAME, events=("INVOKE", "SHUTDOWN")):
    answer, _ = call("POST", BASE + "register", json.dumps({"events": events}), {"Lambda-Extension-Name": name})
    print("register as", name, answer.status, flush=True)
    return {"Lambda-Extension-Identifier": answer.headers.get("Lambda-Extension-Identifier", "")}
def ask():
    event = json.loads(call("GET", BASE + "event/next", None, me)[1])
    print("told", event["eventType"], event.get("shutdownReason", ""), flush=True)
    return event["eventType"]
def report(what):
    return call("POST", BASE + what, "{}", {**me, "Lambda-Extension-Function-Error-Type": "Extension.NoDisk"})[0].status
def serve():
    while ask() != "SHUTDOWN":
        pass
    sys.exit(0)
def sleep():
    time.sleep(60)
def stubborn():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
def in_init():
    if DO == "exit at once": os._exit(0)
    if DO == "fail at once": os._exit(3)
    if DO == "killed at once": os.kill(os.getpid(), 9)
    if DO == "never register": sleep()
    if DO == "out of memory": held = [os.urandom(1 << 20) for _ in range(2000)]
    if DO == "another name": register("somebody-else", ["INVOKE"]), sleep()
def registered():
    if DO == "never ask": sleep()
    if DO == "exit registered": os._exit(0)
    if DO == "killed registered": os.kill(os.getpid(), 11)
    if DO == "init error": report("init/error"), sys.exit(1)
    if DO == "init error and stay": report("init/error"), sleep()
    if DO == "close all": os.closerange(0, 1024)
    if DO == "shout": threading.Thread(target=shout, daemon=True).start()
    if DO == "flood": [threading.Thread(target=flood, daemon=True).start() for _ in range(8)]
    if DO == "hold": globals().update(held=[socket.create_connection(API.split(":")) for _ in range(50)])
    if DO == "subscribe": subscribe()
    if DO == "fork": [os.fork() or sleep() for _ in range(20)]
def shout():
    while True: os.write(1, b"z" * 65536)
def flood():
    host, port = API.split(":")
    requests = (b"GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: a\r\n\r\n"
        b"POST /2020-01-01/extension/register HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}") * 20
    while True:
        try:
            connection = socket.create_connection((host, int(port)))
            for _ in range(50): connection.sendall(requests), connection.recv(65536)
            connection.close()
        except OSError: pass
def subscribe():
    listener = socket.create_server(("0.0.0.0", 8080))
    globals().update(listener=listener)
    kind = os.environ["PROTOCOL"]
    to = {"protocol": kind, "port": 8080} if kind == "TCP" else {"protocol": kind, "URI": "http://sandbox.localdomain:8080"}
    body = {"schemaVersion": "2022-12-13", "types": ["platform", "function"], "destination": to,
        "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25}}
    print("subscribed", call("PUT", "/2022-07-01/telemetry", json.dumps(body), me)[0].status, flush=True)
def in_event():
    if DO == "exit in event": os._exit(0)
    if DO == "killed in event": os.kill(os.getpid(), 9)
    if DO == "exit error": report("exit/error"), sys.exit(1)
    if DO == "exit error and stay": report("exit/error"), sleep()
    if DO == "never back": sleep()
    if DO == "exit behind event": threading.Timer(0.02, os._exit, [4]).start()
def at_the_end():
    if DO == "hang": sleep()
    if DO == "stubborn": stubborn(), sleep()
    if DO == "ask again": stubborn(), ask()
    if DO == "fail at the end": os._exit(9)
in_init()
me = register()
registered()
while ask() != "SHUTDOWN":
    in_event()
at_the_end()
"""
OTHERS: dict[str, str] = {
    "no program": "\x00\x01\x02",
    "no interpreter": "#!/no/such/python3\n",
}
FUNCTION = """
import os, time
def handler(event, context):
    if event == "exit":
        os._exit(5)
    if event == "print":
        for number in range(20000):
            print("line", number, "." * 50)
    if isinstance(event, float):
        time.sleep(event)
    return event
"""


def call_again(server: Server, name: str, event: object) -> Answer:
    """Call once the environment before is at rest: another one would begin with a bad start of its own."""
    assert unrest(server) == []
    return call(server, name, event)


def publish_extension(server: Server, *names: str, script: str = EXTENSION, executable: bool = True) -> str:
    """A layer with the same extension under each name; its ARN."""
    paths = {f"extensions/{name}": script for name in names}
    answer = server.client().publish_layer_version(
        LayerName=f"l-{uuid.uuid4().hex[:12]}",
        Content={"ZipFile": zip_of({**paths}, executable=tuple(paths) if executable else ())},
    )
    arn: str = answer["LayerVersionArn"]
    return arn


def with_extension(server: Server, layer: str, do: str, *, bad_starts: int = 1, **parameters: object) -> str:
    """A function with the layer, whose extension behaves badly at its first starts."""
    variables = {"DO": do, "BAD_STARTS": str(bad_starts), "PROTOCOL": str(parameters.pop("protocol", "HTTP"))}
    return server.function(
        {"app.py": FUNCTION},
        **{"Layers": [layer], "Environment": {"Variables": variables}, "Timeout": 5, **parameters},
    )
