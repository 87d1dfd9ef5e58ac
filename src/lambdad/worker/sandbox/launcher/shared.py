"""Directories of the host that sandboxes share and may write to: shown with each sandbox's own ids.

On disk everything belongs to the directory's owner, as with an access point's POSIX user; every function is
that user there. It must not be root: a function could leave programs that run as the owner (set-user-ID is
without effect in the sandbox, but not outside).

Source: mount_setattr(2), MOUNT_ATTR_IDMAP.
"""

from __future__ import annotations

import os
import signal
import stat

from lambdad.worker.sandbox.launcher import syscalls


def check_name(name: str) -> None:
    """Refuse what is no name of a directory.

    Raises:
        OSError: it is not.
    """
    if not name or "/" in name or name in {".", ".."}:
        raise OSError(f"{name!r} is not a place to mount at")


def writable_tree(source: str, user: int, group: int, *, privileged: bool) -> int:
    """What lies at `source`, without other file systems below it, nosuid and nodev, as a detached tree.

    Args:
        source: a directory.
        user: host's id of the sandbox's function, who is the owner there.
        group: host's id of its group.
        privileged: whether ids can be mapped; otherwise the sandbox's user is the host's, mapped already.

    Raises:
        OSError: no directory, root's, or of a file system that cannot show other ids.
    """
    tree = syscalls.open_tree(source, recursive=False)
    try:
        about = os.fstat(tree)  # of what is mounted, whatever has become of the path
        if not stat.S_ISDIR(about.st_mode):
            raise OSError(f"{source} is no directory")
        syscalls.restrict_tree(tree, syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV, recursive=False)
        if privileged:
            if 0 in (about.st_uid, about.st_gid):
                raise OSError(f"{source} belongs to root: give it to a user and a group of its own")
            _show_as(tree, source, (about.st_uid, user), (about.st_gid, group))
    except BaseException:
        os.close(tree)
        raise
    return tree


def _show_as(tree: int, source: str, user: tuple[int, int], group: tuple[int, int]) -> None:
    namespace = _id_namespace(user, group)
    try:
        syscalls.map_tree(tree, namespace)
    except OSError as error:
        raise OSError(f"{source} cannot be shown with other ids: {error}") from error
    finally:
        os.close(namespace)


def _id_namespace(user: tuple[int, int], group: tuple[int, int]) -> int:
    """A user namespace that maps one id on disk to one of the host, for user and group; a descriptor."""
    made, making = os.pipe2(os.O_CLOEXEC)
    held, holding = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _hold_namespace(making, held, holding)
    try:
        os.close(making)
        making = -1
        if not os.read(made, 1):
            raise OSError("a user namespace could not be made")
        for name, (on_disk, shown) in (("uid_map", user), ("gid_map", group)):
            with open(f"/proc/{pid}/{name}", "w", encoding="ascii") as file:
                file.write(f"{on_disk} {shown} 1")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for descriptor in (made, making, held, holding):
            if descriptor >= 0:
                os.close(descriptor)


def _hold_namespace(making: int, held: int, holding: int) -> None:
    """Be in a user namespace until the launcher has what it wants, or is gone; the process ends here."""
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        os.write(making, b"1")
        os.close(holding)
        os.read(held, 1)
    finally:
        os._exit(0)
