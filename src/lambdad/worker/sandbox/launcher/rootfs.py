"""The world a function sees: a template made once by the launcher, copied by every sandbox.

The template is a tmpfs in the launcher's own mount namespace (the host never sees it): the host's system
directories as read-only binds, a synthesised `/etc`, a `/dev` of five devices, and empty places for the
rest. A sandbox gets a read-only copy of that tree with its own mounts, `/tmp` and `/proc` on top.

As on AWS there is no `/dev/shm`, so POSIX semaphores and shared memory answer "not implemented".
"""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH101, PTH102, PTH108, PTH110, PTH112, PTH113, PTH114, PTH115, PTH120, PTH211

from __future__ import annotations

import os
import stat

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.network.addresses import ROUTER_ADDRESS

FUNCTION_UID, FUNCTION_GID = 993, 990
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC_SHARED = (
    "alternatives",
    "ld.so.cache",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "pki/ca-trust/extracted",
    "crypto-policies",
)
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_PLACES = (
    *("proc", "tmp", "dev", "etc", "mnt", "opt", "run", "var/task", "var/runtime", "var/lang", "var/tmp"),
    *("var/compiled/task", "var/compiled/opt"),
)
MNT_SIZE = "size=64k,nr_inodes=16,mode=755"
_PRIVATE = ("proc", "dev", "tmp", "etc", "mnt")
TMP_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV
_ETC = {
    "passwd": (
        "root:x:0:0:root:/root:/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"
        f"sbx_user1051:x:{FUNCTION_UID}:{FUNCTION_GID}::/home/sbx_user1051:/sbin/nologin\n"
    ),
    "group": f"root:x:0:\nnogroup:x:65534:\nsbx_user1051:x:{FUNCTION_GID}:\n",
    "hosts": "127.0.0.1 localhost sandbox.localdomain sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    "host.conf": "multi on\n",
}


class Template:
    """The tree every sandbox starts from; the launcher's working directory afterwards.

    Args:
        place: an existing empty directory to mount it at (in the launcher's namespace only).
        owner: host uid and gid that are root inside.
        privileged: whether device nodes can be made (otherwise the host's are shown).
    """

    def __init__(self, place: str, owner: int, *, privileged: bool) -> None:
        self._targets: set[str] = set()
        self._place = place
        self._owner = owner
        syscalls.mount("lambdad", place, "tmpfs", syscalls.MS_NOSUID, "size=4m,mode=755")
        os.chdir(place)
        os.chown(".", owner, owner)
        for path in _PLACES:
            self._directory(path)
        self._system_directories()
        self._etc()
        self._dev(privileged=privileged)

    def copy(self) -> int:
        """A detached read-only copy, as a descriptor; places made later appear in it, too."""
        tree = syscalls.open_tree(".")
        syscalls.restrict_tree(tree, syscalls.ATTR_RDONLY | syscalls.ATTR_NOSUID, recursive=False)
        return tree

    def program(self, content: bytes) -> int:
        """A program that has no name anywhere, as a descriptor to execute it by."""
        name = "program"
        with open(name, "wb") as file:
            file.write(content)
        os.chmod(name, 0o555)  # noqa: S103 - to be executed by whoever has the descriptor
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        os.unlink(name)
        return descriptor

    def make_target(self, target: str, *, is_directory: bool) -> None:
        """Make a place to mount at, an absolute path.

        Raises:
            OSError: it is not a path that can be mounted at.
        """
        if target in self._targets:
            return
        parts = target.split("/")[1:]
        if not target.startswith("/") or not all(parts) or ".." in parts or parts[0] in _PRIVATE:
            raise OSError(f"{target} is not a place to mount at")
        path = "/".join(parts)
        if is_directory:
            self._directory(path)
        elif not os.path.lexists(path):
            self._directory(os.path.dirname(path))
            self._file(path, "")
        self._targets.add(target)

    def _system_directories(self) -> None:
        for name in _SYSTEM:
            host = "/" + name
            if os.path.islink(host):
                os.symlink(os.readlink(host), name)
            elif os.path.isdir(host):
                self._directory(name)
                self._show(host, name)

    def _etc(self) -> None:
        for name, text in _ETC.items():
            self._file("etc/" + name, text)
        self._file("etc/resolv.conf", f"nameserver {ROUTER_ADDRESS}\noptions timeout:2 attempts:3\n")
        os.symlink("/usr/share/zoneinfo/UTC", "etc/localtime")
        if os.path.exists("/usr/lib/os-release"):
            os.symlink("/usr/lib/os-release", "etc/os-release")
        for name in _ETC_SHARED:
            host, path = "/etc/" + name, "etc/" + name
            if os.path.isdir(host):
                self._directory(path)
            elif os.path.isfile(host):
                self._directory(os.path.dirname(path))
                self._file(path, "")
            else:
                continue
            self._show(host, path)

    def _dev(self, *, privileged: bool) -> None:
        for name, (major, minor) in _DEVICES.items():
            path = "dev/" + name
            if privileged:
                os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(major, minor))
                os.chmod(path, 0o666)  # noqa: S103 - as every /dev has it
            else:
                self._file(path, "")
                syscalls.mount("/dev/" + name, path, None, syscalls.MS_BIND)
        for name, target in _DEVICE_LINKS.items():
            os.symlink(target, "dev/" + name)

    def _show(self, host: str, path: str) -> None:
        tree = read_only_tree(host)
        syscalls.attach_tree(tree, path)
        os.close(tree)

    def _directory(self, path: str) -> None:
        done = ""
        for part in path.split("/"):
            done = f"{done}/{part}" if done else part
            if not os.path.isdir(done):
                os.mkdir(done, 0o755)
                os.chown(done, self._owner, self._owner)

    def _file(self, path: str, text: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chown(path, self._owner, self._owner)


def read_only_tree(source: str) -> int:
    """What lies at `source` on the host, read-only, nosuid and nodev, as a detached tree."""
    tree = syscalls.open_tree(source)
    attributes = syscalls.ATTR_RDONLY | syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV
    syscalls.restrict_tree(tree, attributes, recursive=True)
    return tree
