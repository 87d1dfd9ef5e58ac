"""The part of the Python client that only functions with SnapStart need.

After Init it runs the before-snapshot hooks, lets pools of threads end, and asks for `restore/next`. The answer
comes at once when nothing is kept of this process. Otherwise it comes in copies of this process, each in another
sandbox: it says which variables are new, and what must not be the same in two copies is made anew.

What cannot be made anew: generators that the function made itself (``numpy.random.default_rng()``,
``random.Random()``), the secret of `hash`, and whatever Init has drawn and kept. Hooks are there for those.

Source: awslambdaric 4.2 (hooks, errors, exit codes 64 and 65).
"""

import os
import sys


def run(client, runtime):
    """Go from the end of Init to the first event, by way of a snapshot or not.

    Args:
        client: the `RuntimeClient`.
        runtime: the module `lambdad_runtime`.
    """
    try:
        _run_before_snapshot()
    except BaseException as error:
        _fail(client, runtime, error, b"init/error", "Runtime.BeforeSnapshotError", 64)
    _come_to_rest()
    news = _wait_for_restore(client.connection, runtime)
    try:
        if news is not None:
            _become_another(news)
        _run_after_restore()
    except BaseException as error:
        _fail(client, runtime, error, b"restore/error", "Runtime.AfterRestoreError", 65)


def _hooks(getter):
    # Nobody has registered anything in a module that was not imported. It may be the function's own copy.
    module = sys.modules.get("snapshot_restore_py")
    return [] if module is None else getattr(module, getter)()


def _run_before_snapshot():
    hooks = _hooks("get_before_snapshot")
    while hooks:
        func, args, kwargs = hooks.pop()
        func(*args, **kwargs)


def _run_after_restore():
    for func, args, kwargs in _hooks("get_after_restore"):
        func(*args, **kwargs)


def _fail(client, runtime, error, path, error_type, code):
    frames = [frame for frame in runtime._frames(error.__traceback__) if frame[0] != __file__]
    told = runtime.make_error(str(error), type(error).__name__, runtime._format_frames(frames))
    runtime.log_error(told)
    headers = b"Lambda-Runtime-Function-Error-Type: " + error_type.encode() + b"\r\n"
    client.connection.post(path, runtime.to_json(told).encode("utf-8"), headers)
    client.connection.read()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    sys.exit(code)


# ---------------------------------------------------------------------------------------------------
# Before


def _come_to_rest():
    """Leave as little running and as little garbage as possible."""
    import gc
    import warnings

    _reseed_ssl()  # its first use costs milliseconds: they are spent here, not in every copy
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    # Libraries that keep pools of threads (OpenBLAS, for one) end them when the process forks, and start them
    # again when they are needed. Other threads live on in this process, and are found by whoever keeps it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 and newer warn of a fork beside threads
        try:
            pid = os.fork()
        except OSError:
            return
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _wait_for_restore(connection, runtime):
    """What the answer to `restore/next` says; None when it says nothing: this is no copy."""
    status, body = connection.restore_next()
    if status != 200:
        raise RuntimeError(
            "Request to Lambda Runtime '/2018-06-01/runtime/restore/next' endpoint failed. "
            "Reason: '%d'. Response body: '%s'" % (status, bytes(body))
        )
    return runtime._loads(body.decode("utf-8")) if body else None


# ---------------------------------------------------------------------------------------------------
# After


def _become_another(news):
    """Take over what is new, and make anew what two copies must not share."""
    for name, value in news["environment"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _install_signal_handlers()
    for reseed in (_reseed_ssl, _reseed_random, _reseed_numpy, _reseed_uuid, _reseed_others):
        reseed()


def _install_signal_handlers():
    """Tell the kernel of this sandbox of the handlers that Init has set."""
    import _signal

    for number in range(1, _signal.NSIG):
        try:
            handler = _signal.getsignal(number)
            if callable(handler) or handler == _signal.SIG_IGN:
                _signal.signal(number, handler)
        except (ValueError, OSError):  # no such signal, or one that takes no handler
            pass


def _reseed_ssl():
    ssl = sys.modules.get("_ssl")
    if ssl is not None:
        ssl.RAND_add(os.urandom(48), 48.0)


def _reseed_random():
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def _reseed_numpy():
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _reseed_uuid():
    """Time-based ids: no state of the clock in common, and another node."""
    uuid = sys.modules.get("uuid")
    if uuid is None:
        return
    for name, value in (
        ("_last_timestamp", None),
        ("_last_timestamp_v6", None),
        ("_last_timestamp_v7", None),
        ("_last_counter_v7", 0),
        ("_generate_time_safe", None),  # the C library's has a state of its own
    ):
        if hasattr(uuid, name):
            setattr(uuid, name, value)
    # A random node, marked as such (RFC 9562, 6.10), instead of looking for a network card.
    uuid._node = int.from_bytes(os.urandom(6), "big") | (1 << 40)


def _reseed_others():
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile._name_sequence = None
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.current_process().authkey = os.urandom(32)
