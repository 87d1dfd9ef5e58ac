"""Runtime hooks of SnapStart, with the interface of AWS's package of this name.

Functions are registered by a call or as decorators. Those before the snapshot run in the reverse order of
their registration, those after a restore in its order; the runtime client runs them.

Source: snapshot-restore-py 1.0 (interface); awslambdaric 4.2 (order).
"""

__all__ = ["register_after_restore", "register_before_snapshot"]

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """Have `func` called with these arguments before the snapshot; returns `func`."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """Have `func` called with these arguments after each restore; returns `func`."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    """What is registered: a list of (function, arguments, keyword arguments)."""
    return _before_snapshot


def get_after_restore():
    """What is registered: a list of (function, arguments, keyword arguments)."""
    return _after_restore
