"""lambdad's runtime client for Python 3.9 and newer: one file, standard library only.

It loads the handler, then takes events from the Runtime API and posts answers, exactly as AWS's own
client (awslambdaric) does: the same payloads, error objects and log records, proven by a differential
test. It runs inside the sandbox, so it knows nothing of lambdad but two descriptors:

* `_LAMBDAD_RUNTIME_FD`: ``4@<address>``, a connected stream socket that speaks the Runtime API of that
  address. When a wrapper has closed it, or set `AWS_LAMBDA_RUNTIME_API` to another address (a proxy of
  its own), the client connects to `AWS_LAMBDA_RUNTIME_API`, as any other client.
* `_LAMBDA_TELEMETRY_LOG_FD`: takes framed log records; without it they go to stdout.

Start-up is the reason for the shape of this file: modules that cost milliseconds (json, re, logging,
traceback, socket, decimal) are only imported once something needs them, and everything but `main` is executed
before there is an environment, once for all forks of a fork server. The answer of one event and
the request for the next leave in one send.

Source: awslambdaric 4.2 (behaviour), AWS Lambda Runtime API.
"""

import os
import sys
import time

_MAX_XRAY_CAUSE_BYTES = 48 * 1024  # a longer cause is left out; the platform keeps 64 KiB of headers
_MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100  # a larger answer is refused with 413
_ONE_SEND_BYTES = 64 * 1024  # larger bodies are sent on their own instead of being copied
_RECV_BYTES = 64 * 1024
_PATH = b"/2018-06-01/runtime/"

# ---------------------------------------------------------------------------------------------------
# Faults: what this client itself reports


class FaultException(Exception):
    """An error of the runtime rather than of the handler; `exception_type` starts with ``Runtime.``."""

    def __init__(self, exception_type, msg, trace=None):
        self.msg = msg
        self.exception_type = exception_type
        self.trace = trace


# ---------------------------------------------------------------------------------------------------
# JSON: the C scanner and encoder without the json package (which imports re, 5 ms)


class _ScannerOptions:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo = {}

    @staticmethod
    def parse_constant(name):
        raise ValueError(name)


class _NeedsCare(Exception):
    """The response holds something AWS's encoder takes and the C encoder does not."""


def _default(obj):
    if isinstance(obj, bytes) or _is_decimal(obj):
        raise _NeedsCare
    raise TypeError("Object of type %s is not JSON serializable" % obj.__class__.__name__)


def _is_decimal(obj):
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(obj, decimal.Decimal)


# AWS writes non-ASCII text as it is since Python 3.12 and escapes it before.
_NOT_ESCAPED = {"AWS_Lambda_python3.12", "AWS_Lambda_python3.13", "AWS_Lambda_python3.14"}


def _make_codec(ensure_ascii):
    """Return (loads, dumps, quote); falls back to the json package should the C module ever change."""
    try:
        import _json

        quote = _json.encode_basestring_ascii if ensure_ascii else _json.encode_basestring
        scan = _json.make_scanner(_ScannerOptions)

        def loads(text):
            start = len(text) - len(text.lstrip(" \t\n\r"))
            try:
                value, end = scan(text, start)
            except (StopIteration, ValueError):
                return _slow_loads(text)
            if end != len(text) and text[end:].strip(" \t\n\r"):
                return _slow_loads(text)
            return value

        make_encoder, join = _json.make_encoder, "".join

        def dumps(value):
            return join(make_encoder({}, _default, quote, None, ": ", ", ", False, False, True)(value, 0))

        if (
            loads(' {"a": [1, "\\u00e9", null]} ') == {"a": [1, "\u00e9", None]}
            and dumps([{"a": 0.5}]) == '[{"a": 0.5}]'
        ):
            return loads, dumps, quote
    except (ImportError, AttributeError, TypeError, ValueError):
        pass
    import json

    return (
        json.loads,
        json.JSONEncoder(ensure_ascii=ensure_ascii, default=_default).encode,
        json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring,
    )


def _slow_loads(text):
    import json

    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name):
    raise ValueError("Expecting value: %s" % name)


class _CarefulEncoder:
    """Writes what AWS's encoder (simplejson) takes beyond the standard library's.

    Decimals keep their digits, bytes count as UTF-8 text, named tuples become objects.
    """

    def __init__(self):
        self.open = set()

    def encode(self, obj):
        out = []
        self._value(obj, out.append)
        return "".join(out)

    def _value(self, obj, write):
        if isinstance(obj, (str, bytes)):
            write(_quote(obj if isinstance(obj, str) else obj.decode("utf-8")))
        elif obj is None or isinstance(obj, (bool, int, float)):
            write(_dumps(obj))
        elif isinstance(obj, dict):
            self._nested(obj, self._object, obj.items(), write)
        elif isinstance(obj, (list, tuple)):
            asdict = getattr(obj, "_asdict", None) if isinstance(obj, tuple) else None
            if callable(asdict):
                self._nested(obj, self._object, asdict().items(), write)
            else:
                self._nested(obj, self._array, obj, write)
        elif _is_decimal(obj):
            write("NaN" if obj.is_nan() else str(obj))
        else:
            _default(obj)

    def _nested(self, obj, writer, content, write):
        if id(obj) in self.open:
            raise ValueError("Circular reference detected")
        self.open.add(id(obj))
        writer(content, write)
        self.open.discard(id(obj))

    def _array(self, items, write):
        between = "["
        for item in items:
            write(between)
            self._value(item, write)
            between = ", "
        write("[]" if between == "[" else "]")

    def _object(self, members, write):
        between = "{"
        for key, value in members:
            write(between)
            write(_quote(_key(key)))
            write(": ")
            self._value(value, write)
            between = ", "
        write("{}" if between == "{" else "}")


def _key(key):
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode("utf-8")
    if key is None or isinstance(key, (bool, int, float)):
        return _dumps(key)
    raise TypeError("keys must be str, int, float, bool or None, not " + key.__class__.__name__)


def _holds_named_tuple(obj):
    kind = type(obj)
    if kind is str or kind is int:
        return False
    if isinstance(obj, dict):
        return any(map(_holds_named_tuple, obj.values()))
    if isinstance(obj, tuple) and hasattr(obj, "_asdict"):
        return True
    if isinstance(obj, (list, tuple)):
        return any(map(_holds_named_tuple, obj))
    return False


def to_json(obj):
    """Encode as AWS's client does (a superset of what the standard library encodes)."""
    if _named_tuples_exist():
        try:
            careful = _holds_named_tuple(obj)
        except RecursionError:
            careful = False
        if careful:
            return _CarefulEncoder().encode(obj)
    try:
        return _dumps(obj)
    except (_NeedsCare, TypeError):
        return _CarefulEncoder().encode(obj)


_tuple_kinds = (0, False)


def _named_tuples_exist():
    # Looking through a response for named tuples is worth it only where such a class exists at all.
    global _tuple_kinds
    kinds = tuple.__subclasses__()
    if len(kinds) != _tuple_kinds[0]:
        _tuple_kinds = len(kinds), any(hasattr(kind, "_asdict") for kind in kinds)
    return _tuple_kinds[1]


def unmarshal(body, content_type):
    """Return the event; anything but JSON is handed to the handler as bytes."""
    if content_type is not None and content_type != "application/json":
        return bytes(body)
    try:
        return _loads(body.decode("utf-8"))
    except Exception as error:
        raise FaultException(
            "Runtime.UnmarshalError", "Unable to unmarshal input: {}".format(str(error))
        ) from None


def marshal(response):
    """Return (body, content type) of what the handler returned; the body is text but for bytes."""
    if isinstance(response, bytes):
        return response, b"application/unknown"
    try:
        return to_json(response), b"application/json"
    except Exception as error:
        raise FaultException(
            "Runtime.MarshalError", "Unable to marshal response: {}".format(str(error))
        ) from None


# ---------------------------------------------------------------------------------------------------
# The connection: HTTP/1.1 with prebuilt requests


def connect():
    """The inherited connection, or one per call when a wrapper took it away or leads elsewhere."""
    descriptor, _, own_address = os.environ.pop("_LAMBDAD_RUNTIME_FD", "").partition("@")
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
    if descriptor and own_address in ("", address):
        channel = _inherited(int(descriptor))
        if channel is not None:
            return Connection(channel, address)
    return SeparateConnections(address)


def _inherited(descriptor):
    """The socket with this number; None when it is closed or something else by now."""
    import _socket

    try:
        channel = _socket.socket(fileno=descriptor)
    except OSError:
        return None
    if channel.family != _socket.AF_UNIX or channel.type != _socket.SOCK_STREAM:
        channel.detach()
        return None
    os.set_inheritable(descriptor, False)
    return channel


class Connection:
    """The inherited connection to the Runtime API."""

    pipelines = True

    def __init__(self, channel, address):
        self.socket = channel
        self.recv = self.socket.recv
        self.send = self.socket.sendall
        agent = "aws-lambda-python/%d.%d.%d-lambdad" % sys.version_info[:3]
        self.tail = (" HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n" % (address or "localhost", agent)).encode()
        self.next_request = b"GET " + _PATH + b"invocation/next" + self.tail + b"\r\n"
        self.buffer = b""

    def read(self):
        """Read one response: (status, headers with lower-case names, body)."""
        data = self.buffer or self._more()
        end = data.find(b"\r\n\r\n")
        while end < 0:
            data += self._more()
            end = data.find(b"\r\n\r\n")
        status_line, *lines = data[:end].split(b"\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        rest = data[end + 4 :]
        status = int(status_line[9:12])
        length = headers.get(b"content-length")
        if length is None:
            if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
                return status, headers, self._chunked(rest)
            length = 0
        return status, headers, self._body(rest, int(length))

    def _more(self):
        data = self.recv(_RECV_BYTES)
        if not data:
            # The environment is going away; nobody is left to answer to.
            raise SystemExit(0)
        return data

    def _body(self, rest, length):
        have = len(rest)
        if have == length:
            self.buffer = b""
            return rest
        if have > length:
            self.buffer = rest[length:]
            return rest[:length]
        body = bytearray(length)
        body[:have] = rest
        view = memoryview(body)
        while have < length:
            count = self.socket.recv_into(view[have:])
            if not count:
                raise SystemExit(0)
            have += count
        self.buffer = b""
        return body

    def _chunked(self, rest):
        body = b""
        while True:
            while b"\r\n" not in rest:
                rest += self._more()
            size, _, rest = rest.partition(b"\r\n")
            length = int(size.partition(b";")[0], 16)
            while len(rest) < length + 2:
                rest += self._more()
            body += rest[:length]
            rest = rest[length + 2 :]
            if length == 0:
                self.buffer = rest
                return body

    def post(self, path, body, headers, then=b""):
        """Send a POST, and `then` right after it."""
        head = b"POST %s%s%s%sContent-Length: %d\r\n\r\n" % (_PATH, path, self.tail, headers, len(body))
        if len(body) <= _ONE_SEND_BYTES:
            self.send(head + body + then)
        else:
            self.send(head)
            self.send(body)
            if then:
                self.send(then)

    def restore_next(self):
        """Wait to be restored: (status, body)."""
        self.send(b"GET " + _PATH + b"restore/next" + self.tail + b"\r\n")
        status, _, body = self.read()
        return status, body


class SeparateConnections:
    """The Runtime API at any address, a TCP connection per call: proxies may not keep theirs open."""

    pipelines = False
    next_request = b""

    def __init__(self, address):
        import http.client

        self.http = http.client
        self.address = address
        self.agent = "aws-lambda-python/%d.%d.%d-lambdad" % sys.version_info[:3]

    def send(self, _next_request):
        """Ask for the next event."""
        self._call("GET", b"invocation/next", b"", b"")

    def post(self, path, body, headers, then=b""):
        """Send a POST."""
        self._call("POST", path, body, headers)

    def restore_next(self):
        """Wait to be restored: (status, body)."""
        self._call("GET", b"restore/next", b"", b"")
        return self.response[0], self.response[2]

    def read(self):
        """The response to the last call: (status, headers with lower-case names, body)."""
        return self.response

    def _call(self, method, path, body, headers):
        connection = self.http.HTTPConnection(self.address, timeout=None)  # whatever a handler sets for all
        try:
            connection.putrequest(method, (_PATH + path).decode("latin-1"), skip_accept_encoding=True)
            connection.putheader("User-Agent", self.agent)
            for line in headers.split(b"\r\n"):
                name, colon, value = line.partition(b": ")
                if colon:
                    connection.putheader(name.decode("latin-1"), value)
            if method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            found = {
                name.lower().encode("latin-1"): value.encode("latin-1")
                for name, value in response.getheaders()
            }
            self.response = response.status, found, response.read()
        except self.http.RemoteDisconnected:
            # The environment is going away; nobody is left to answer to.
            raise SystemExit(0) from None
        finally:
            connection.close()


class RuntimeClient:
    """The Runtime API as calls; posting an answer also asks for the next event."""

    def __init__(self, connection):
        self.connection = connection
        self.posted = None
        self.asked = False

    def next(self):
        """Wait for the next event: (headers, body)."""
        connection = self.connection
        if self.posted is not None:
            what, self.posted = self.posted, None
            status = connection.read()[0]
            if status != 202:
                # As AWS's client: the process ends here (413: too large; 403: too late), Init runs again.
                raise RuntimeError("Failed to post invocation " + what)
        if not self.asked:
            connection.send(connection.next_request)
        self.asked = False
        status, headers, body = connection.read()
        if status != 200:
            raise RuntimeError("Failed to get next")
        return headers, body

    def post_result(self, request_id, body, content_type):
        """Answer an event."""
        # Who is going to be refused and to end must not ask for an event that would be lost with it.
        self.asked = self.connection.pipelines and len(body) <= _MAX_RESPONSE_BYTES
        self.connection.post(
            b"invocation/" + request_id + b"/response",
            body,
            b"Content-Type: " + content_type + b"\r\n",
            self.connection.next_request if self.asked else b"",
        )
        self.posted = "response"

    def post_error(self, request_id, error_json, cause_json):
        """Answer an event with an error."""
        headers = b"Content-Type: application/json\r\n"
        cause = cause_json.encode("utf-8")
        if len(cause) < _MAX_XRAY_CAUSE_BYTES:
            headers += b"Lambda-Runtime-Function-XRay-Error-Cause: " + cause + b"\r\n"
        body = error_json.encode("utf-8")
        self.connection.post(
            b"invocation/" + request_id + b"/error", body, headers, self.connection.next_request
        )
        self.posted = "error"
        self.asked = self.connection.pipelines

    def post_init_error(self, error, error_type=None):
        """Report that Init failed and wait until that was taken."""
        kind = (error_type or error["errorType"]).encode("utf-8")
        self.connection.post(
            b"init/error",
            to_json(error).encode("utf-8"),
            b"Lambda-Runtime-Function-Error-Type: " + kind + b"\r\n",
        )
        status, _, body = self.connection.read()
        if status != 202:
            raise RuntimeError(
                "Request to Lambda Runtime '/2018-06-01/runtime/init/error' endpoint failed. "
                "Reason: '%d'. Response body: '%s'" % (status, bytes(body))
            )


# ---------------------------------------------------------------------------------------------------
# The context object


class LambdaContext:
    """What a handler gets as its second argument."""

    def __init__(self, environment, request_id, headers):
        self.aws_request_id = request_id
        self.__dict__.update(environment)
        self.invoked_function_arn = _text(headers.get(b"lambda-runtime-invoked-function-arn"))
        self.tenant_id = _text(headers.get(b"lambda-runtime-aws-tenant-id"))
        client_context = _json_header(headers.get(b"lambda-runtime-client-context"), "Client Context")
        self._w3c_fields = {} if client_context is None else _take_w3c(client_context)
        self.client_context = None if client_context is None else _client_context(client_context)
        self.identity = CognitoIdentity()
        cognito = _json_header(headers.get(b"lambda-runtime-cognito-identity"), "Cognito Identity")
        if cognito is not None:
            self.identity.cognito_identity_id = cognito.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = cognito.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = int(headers.get(b"lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        """Milliseconds until the function times out; never negative."""
        remaining = self._epoch_deadline_time_in_ms - int(time.time() * 1000)
        return remaining if remaining > 0 else 0

    def w3c(self):
        """The W3C trace context of this invocation."""
        return dict(self._w3c_fields)

    def log(self, msg):
        """Write to the function's log without a prefix."""
        _sink.log(str(msg))

    def __repr__(self):
        return _show(
            self,
            (
                "aws_request_id",
                "log_group_name",
                "log_stream_name",
                "function_name",
                "memory_limit_in_mb",
                "function_version",
                "invoked_function_arn",
                "client_context",
                "identity",
                "tenant_id",
            ),
        )


class CognitoIdentity:
    """Who invoked, for callers with a Cognito identity; both None otherwise."""

    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]

    def __init__(self):
        self.cognito_identity_id = None
        self.cognito_identity_pool_id = None

    def __repr__(self):
        return _show(self, self.__slots__)


class Client:
    """The `client` part of a client context."""

    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]

    def __repr__(self):
        return _show(self, self.__slots__)


class ClientContext:
    """What the caller gave as ClientContext."""

    __slots__ = ["custom", "env", "client"]

    def __repr__(self):
        return _show(self, self.__slots__)


def _show(obj, names):
    fields = ",".join("%s=%s" % (name, getattr(obj, name)) for name in names)
    return "%s([%s])" % (obj.__class__.__name__, fields)


def _filled(kind, values):
    obj = kind()
    for name in kind.__slots__:
        setattr(obj, name, values.get(name))
    return obj


def _client_context(values):
    context = _filled(ClientContext, values)
    if context.client is not None:
        context.client = _filled(Client, context.client)
    return context


def _take_w3c(client_context):
    if not isinstance(client_context, dict):
        return {}
    fields = client_context.pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    names = ("traceparent", "tracestate", "baggage")
    return {name: fields[name] for name in names if isinstance(fields.get(name), str)}


def _text(value):
    return None if value is None else value.decode("utf-8", "replace")


def _json_header(value, name):
    if not value:
        return None
    try:
        return _loads(value.decode("utf-8"))
    except Exception as error:
        raise FaultException(
            "Runtime.LambdaContextUnmarshalError", "Unable to parse {} JSON: {}".format(name, str(error))
        ) from None


def _environment_of_context():
    env = os.environ.get
    return {
        "log_group_name": env("AWS_LAMBDA_LOG_GROUP_NAME"),
        "log_stream_name": env("AWS_LAMBDA_LOG_STREAM_NAME"),
        "function_name": env("AWS_LAMBDA_FUNCTION_NAME"),
        "memory_limit_in_mb": env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        "function_version": env("AWS_LAMBDA_FUNCTION_VERSION"),
    }


# ---------------------------------------------------------------------------------------------------
# Logs

_DATETIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_TEXT_FRAME = 0xA55A0003
_JSON_FRAME = 0xA55A0002
# Level bits of a frame type, by logging level.
_LEVEL_BITS = {0: 0x00, 10: 0x08, 20: 0x0C, 30: 0x10, 40: 0x14, 50: 0x18}


def _frame_type(kind, level=0):
    return (kind | _LEVEL_BITS.get(level, 0)).to_bytes(4, "big")


_DEFAULT_FRAME = _frame_type(_TEXT_FRAME)


class StandardLogSink:
    """Log records as lines on stdout."""

    def log(self, msg, frame_type=None):
        """Write a record, which ends in a newline itself."""
        sys.stdout.write(msg)

    def log_error(self, lines):
        """Write the lines of one error record; `\\r` keeps them together."""
        sys.stdout.write("\r".join(lines) + "\n")


class FramedLogSink:
    """Log records as frames: type, length and microseconds (big endian), then the text; one write each."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        os.set_inheritable(descriptor, False)

    def log(self, msg, frame_type=None):
        """Write one record."""
        text = msg.encode("utf8")
        frame = b"".join(
            (
                frame_type or _DEFAULT_FRAME,
                len(text).to_bytes(4, "big"),
                (time.time_ns() // 1000).to_bytes(8, "big"),
                text,
            )
        )
        written = os.write(self.descriptor, frame)
        while written < len(frame):
            frame = frame[written:]
            written = os.write(self.descriptor, frame)

    def log_error(self, lines):
        """Write the lines of one error record."""
        self.log("\n".join(lines), _error_frame)


def _make_sink():
    descriptor = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    if descriptor is None or not _is_output(int(descriptor)):
        return StandardLogSink()
    return FramedLogSink(int(descriptor))


def _is_output(descriptor):
    """Whether it still is what it was at the start, the same pipe as stdout or stderr."""
    try:
        told = os.fstat(descriptor)
        return any(os.path.samestat(told, os.fstat(output)) for output in (1, 2))
    except OSError:
        return False


_sink = StandardLogSink()
_request_id = None
_tenant_id = None


def log_error(error):
    """Log an error object as AWS does."""
    if _json_logs:
        stamp = {"timestamp": time.strftime(_DATETIME_FORMAT, time.gmtime()), "level": "ERROR"}
        stamp.update(error)
        _sink.log_error([to_json(stamp)])
        return
    title = "[ERROR]"
    if error["errorType"]:
        title += " " + error["errorType"]
    if error["errorMessage"]:
        title += (":" if error["errorType"] else "") + " " + error["errorMessage"]
    lines = [title, "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        if element == "":
            lines.append("")
        for line in element.splitlines():
            bare = line.lstrip(" ")
            # No-break spaces, or the log viewer would eat the indentation.
            lines.append("\u00a0" * (len(line) - len(bare)) + bare)
    _sink.log_error(lines)


class _LoggingSetup:
    """Import hook: configures `logging` the moment something imports it, and costs nothing until then."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            setup_logging(module)

        try:
            spec.loader.exec_module = exec_module
        except AttributeError:  # a loader that takes no attributes: import now instead
            pass
        return spec


def setup_logging(logging):
    """Give the root logger AWS's handler, format and level."""
    logging.Formatter.converter = time.gmtime

    def level_of(record):
        return min(50, max(0, record.levelno)) // 10 * 10

    class LambdaLoggerHandler(logging.Handler):
        def __init__(self, log_sink):
            logging.Handler.__init__(self)
            self.log_sink = log_sink

        def emit(self, record):
            self.log_sink.log(self.format(record))

    class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
        def emit(self, record):
            text = self.format(record)
            frame = getattr(record, "_frame_type", None) or _frame_type(_TEXT_FRAME, level_of(record))
            self.log_sink.log(text, frame)

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = _request_id or ""
            record.tenant_id = _tenant_id
            return True

    class JsonFormatter(logging.Formatter):
        def __init__(self):
            super().__init__(datefmt=_DATETIME_FORMAT)
            import json

            self.encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

        def format(self, record):
            record.levelno = level_of(record)
            record.levelname = logging.getLevelName(record.levelno)
            record._frame_type = _frame_type(_JSON_FRAME, record.levelno)
            return self.encode(_json_record(self, record)) + "\n"

    if _json_logs or _log_level:
        handler = LambdaLoggerHandlerWithFrameType(_sink)
    else:
        handler = LambdaLoggerHandler(_sink)
    if _json_logs:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
                "%Y-%m-%dT%H:%M:%S",
            )
        )
    root = logging.getLogger()
    if _log_level in logging._nameToLevel:
        root.setLevel(_log_level)
    handler.addFilter(LambdaLoggerFilter())
    root.addHandler(handler)


_RESERVED_FIELDS = frozenset(
    "name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno funcName "
    "created msecs relativeCreated thread threadName processName process aws_request_id tenant_id "
    "_frame_type".split()
)


def _json_record(formatter, record):
    result = {
        "timestamp": formatter.formatTime(record, formatter.datefmt),
        "level": record.levelname,
        "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
        "logger": record.name,
        "stackTrace": None,
        "errorType": None,
        "errorMessage": None,
        "requestId": getattr(record, "aws_request_id", None),
        "location": None,
    }
    if record.exc_info:
        import traceback

        result["stackTrace"] = traceback.format_tb(record.exc_info[2])
        result["errorType"] = record.exc_info[0].__name__ if record.exc_info[0] else None
        result["errorMessage"] = str(record.exc_info[1])
        result["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
    if getattr(record, "tenant_id", None) is not None:
        result["tenantId"] = record.tenant_id
    for key, value in record.__dict__.items():
        if key not in _RESERVED_FIELDS and key not in result:
            result[key] = value
    return {key: value for key, value in result.items() if value is not None}


_UNHANDLED_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. "
    "For functions using managed runtimes, runtime updates can be triggered by a function change, or can be "
    "applied automatically. To determine if the runtime has been updated, check the runtime version in the "
    "INIT_START log entry. If this error correlates with a change in the runtime version, you may be able to "
    "mitigate this error by temporarily rolling back to the previous runtime version. For more information, "
    "see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)


# ---------------------------------------------------------------------------------------------------
# Errors as objects


def make_error(message, error_type, stack_trace, request_id=""):
    """The error object AWS answers with."""
    return {
        "errorMessage": message or "",
        "errorType": error_type or "",
        "requestId": request_id,
        "stackTrace": stack_trace or [],
    }


def _frames(tb):
    """The frames of a traceback from the first that is not this client's."""
    import traceback

    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(tb)]
    own = _frames.__code__.co_filename
    for index, frame in enumerate(frames):
        if frame[0] != own:
            return frames[index:]
    return frames


def _format_frames(frames):
    import traceback

    return traceback.format_list(frames)


def _xray_cause(error_type, message, frames):
    return to_json(
        {
            "working_directory": os.getcwd(),
            "exceptions": [
                {
                    "message": message,
                    "type": error_type,
                    "stack": [
                        {"label": label, "path": path, "line": line} for path, line, label, _ in frames
                    ],
                }
            ],
            "paths": list({frame[0] for frame in frames}),
        }
    )


# ---------------------------------------------------------------------------------------------------
# What the environment says


def _configure():
    """Read what holds for the whole life; once more in a fork, which has its environment after this file."""
    global _ensure_ascii, _loads, _dumps, _quote, _json_logs, _log_level, _error_frame
    ensure_ascii = os.environ.get("AWS_EXECUTION_ENV") not in _NOT_ESCAPED
    if ensure_ascii != _ensure_ascii:
        _ensure_ascii = ensure_ascii
        _loads, _dumps, _quote = _make_codec(ensure_ascii)
    _json_logs = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    _log_level = "DEBUG" if level == "TRACE" else level.upper()
    _error_frame = _frame_type(_JSON_FRAME if _json_logs else _TEXT_FRAME, 40)


_ensure_ascii = None
_configure()


# ---------------------------------------------------------------------------------------------------
# The handler


def load_handler(name):
    """Import the module of ``module.function`` and return the function. Raises FaultException."""
    import importlib

    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise FaultException("Runtime.MalformedHandlerName", "Bad handler '{}': {}".format(name, str(error)))
    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise FaultException(
                "Runtime.BuiltInModuleConflict",
                "Cannot use built-in module {} as a handler module".format(module_name),
            )
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise FaultException(
            "Runtime.ImportModuleError", "Unable to import module '{}': {}".format(module_name, str(error))
        )
    except SyntaxError as error:
        raise FaultException(
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module '{}': {}".format(module_name, str(error)),
            ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)],
        )
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise FaultException(
            "Runtime.HandlerNotFound",
            "Handler '{}' missing on module '{}'".format(function_name, module_name),
        )


def handle(client, handler, environment, headers, body):
    """Run the handler for one event and post its answer."""
    global _request_id, _tenant_id
    raw_id = headers[b"lambda-runtime-aws-request-id"]
    _request_id = request_id = raw_id.decode("utf-8")
    _tenant_id = _text(headers.get(b"lambda-runtime-aws-tenant-id"))
    trace_id = headers.get(b"lambda-runtime-trace-id")
    if trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id.decode("utf-8", "replace")
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        context = LambdaContext(environment, request_id, headers)
        event = unmarshal(body, _text(headers.get(b"content-type")))
        response = handler(event, context)  # kept: a coroutine's warning comes behind the error, as on AWS
        result, content_type = marshal(response)
    except FaultException as fault:
        error = make_error(fault.msg, fault.exception_type, fault.trace, request_id)
        cause = _xray_cause("LambdaValidationError", fault.msg, [])
    except Exception as raised:
        frames = _frames(raised.__traceback__)
        error = make_error(str(raised), type(raised).__name__, _format_frames(frames), request_id)
        cause = _xray_cause(type(raised).__name__, str(raised), frames)
    else:
        # Text that UTF-8 cannot hold ends the process here, as with AWS's client.
        client.post_result(
            raw_id, result if isinstance(result, bytes) else result.encode("utf-8"), content_type
        )
        return
    log_error(error)
    client.post_error(raw_id, to_json(error), cause)


def _prepare_path():
    """Order sys.path as AWS does: code, layers, runtime, then the interpreter's own."""
    task = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    runtime = os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime")
    layers = os.environ.pop("_LAMBDAD_LAYER_PATH", None) or (
        "/opt/python/lib/python%d.%d/site-packages:/opt/python" % sys.version_info[:2]
    )
    first = [task, *layers.split(":")]
    own = os.path.dirname(os.path.abspath(__file__))
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    middle = [entry for entry in [*given, runtime] if entry not in first]
    rest = [
        entry for entry in sys.path if entry not in first and entry not in middle and entry not in ("", own)
    ]
    sys.path[:] = [*first, *dict.fromkeys(middle), *rest]


def _add_site_builtins():
    """`exit` and `quit`, which site would have added; site itself would show the host's packages."""
    import builtins

    if sys.flags.no_site and not hasattr(builtins, "exit"):
        import _sitebuiltins

        builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
        builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")


_add_site_builtins()


def _use_prepared_code():
    """Import from code and layers with the byte code that was made of them when they were published.

    Only the loader of source files is another: finders, module attributes and everything that is not a source
    file stay as they are. What has no fitting byte code is compiled, as always.
    """
    listed = os.environ.pop("_LAMBDAD_COMPILED_PATH", None)
    if not listed or sys.flags.optimize or sys.warnoptions:  # made without -O, and warnings want compiling
        return
    trees = [entry + "/" for entry in listed.split(":")]
    pairs = list(zip(trees[::2], trees[1::2]))
    roots = tuple(trees[::2])
    try:
        import _frozen_importlib_external as machinery
        import _imp
        import _io
        import marshal

        head = machinery.MAGIC_NUMBER + b"\x01\x00\x00\x00"  # never compared with its source
        known = machinery._get_supported_file_loaders()
    except (ImportError, AttributeError):  # an interpreter that does it in another way
        return
    code_type = type(_use_prepared_code.__code__)

    def prepared(path):
        for tree, place in pairs:
            if path.startswith(tree):
                with _io.FileIO(place + path[len(tree) :] + "c") as file:
                    data = file.read()
                if data.startswith(head):
                    code = marshal.loads(memoryview(data)[16:])
                    if isinstance(code, code_type):
                        _imp._fix_co_filename(code, path)
                        return code
                return None

    class PreparedCodeLoader(machinery.SourceFileLoader):
        def get_code(self, fullname):
            try:
                code = prepared(self.path)
            except (OSError, EOFError, ValueError, TypeError):  # there is none, or not all of it
                code = None
            return super().get_code(fullname) if code is None else code

    loaders = [
        (PreparedCodeLoader if loader is machinery.SourceFileLoader else loader, suffixes)
        for loader, suffixes in known
    ]

    def prepared_code_hook(path):
        if isinstance(path, str) and (path + "/").startswith(roots) and os.path.isdir(path):
            return machinery.FileFinder(path, *loaders)
        raise ImportError("no directory of code or layers", path=path)

    sys.path_hooks.insert(0, prepared_code_hook)
    for path in list(sys.path_importer_cache):
        if (path + "/").startswith(roots):
            del sys.path_importer_cache[path]


def _init(client):
    """Load the handler or report why not and end the process."""
    try:
        return load_handler(os.environ["_HANDLER"])
    except FaultException as fault:
        error = make_error(fault.msg, fault.exception_type, fault.trace)
    except Exception as raised:
        error = make_error(str(raised), type(raised).__name__, _format_frames(_frames(raised.__traceback__)))
    import logging

    logging.warning(_UNHANDLED_WARNING)
    log_error(error)
    client.post_init_error(error)
    sys.exit(1)


def main():
    """Run until the connection ends."""
    global _sink
    _configure()
    client = RuntimeClient(connect())
    _sink = _make_sink()
    if "logging" in sys.modules:
        setup_logging(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, _LoggingSetup())
    _prepare_path()
    _use_prepared_code()
    handler = _init(client)
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        import lambdad_snapstart

        lambdad_snapstart.run(client, sys.modules[__name__])
    environment = _environment_of_context()
    while True:
        headers, body = client.next()
        handle(client, handler, environment, headers, body)


if __name__ == "__main__" and "_is_prepared" not in globals():  # a fork server calls it later
    main()
