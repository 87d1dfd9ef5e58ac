"""A function has no power, and cannot get any."""

from __future__ import annotations

import errno
import json
import os
import platform
from pathlib import Path

import pytest
from hosting import Host

pytestmark = pytest.mark.root

_CALL = (
    "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
    "r = libc.syscall(*[ctypes.c_long(a) for a in {arguments}]); print(r, ctypes.get_errno())"
)
# name → (number on x86_64, number on aarch64, arguments)
_REFUSED = {
    "mount": (165, 40, (0, 0, 0, 0, 0)),
    "umount2": (166, 39, (0, 0)),
    "pivot_root": (155, 41, (0, 0)),
    "chroot": (161, 51, (0,)),
    "ptrace": (101, 117, (0, 0, 0, 0)),
    "process_vm_readv": (310, 270, (1, 0, 0, 0, 0, 0)),
    "process_vm_writev": (311, 271, (1, 0, 0, 0, 0, 0)),
    "keyctl": (250, 219, (0, 0, 0)),
    "add_key": (248, 217, (0, 0, 0, 0, 0)),
    "request_key": (249, 218, (0, 0, 0, 0)),
    "bpf": (321, 280, (0, 0, 0)),
    "perf_event_open": (298, 241, (0, 0, 0, 0, 0)),
    "userfaultfd": (323, 282, (0,)),
    "io_uring_setup": (425, 425, (1, 0)),
    "io_uring_enter": (426, 426, (0, 0, 0, 0)),
    "io_uring_register": (427, 427, (0, 0, 0, 0)),
    "kexec_load": (246, 104, (0, 0, 0, 0)),
    "init_module": (175, 105, (0, 0, 0)),
    "finit_module": (313, 273, (0, 0, 0)),
    "delete_module": (176, 106, (0, 0)),
    "open_by_handle_at": (304, 265, (0, 0, 0)),
    "setns": (308, 268, (0, 0)),
    "open_tree": (428, 428, (0, 0, 0)),
    "move_mount": (429, 429, (0, 0, 0, 0, 0)),
    "fsopen": (430, 430, (0, 0)),
    "mount_setattr": (442, 442, (0, 0, 0, 0, 0)),
    "pidfd_getfd": (438, 438, (0, 0, 0)),
    "unshare(NEWUSER)": (272, 97, (0x1000_0000,)),
    "unshare(NEWNS)": (272, 97, (0x2_0000,)),
    "unshare(NEWNET)": (272, 97, (0x4000_0000,)),
    "unshare(NEWTIME)": (272, 97, (0x80,)),
    "clone(NEWUSER)": (56, 220, (0x1000_0011, 0, 0, 0, 0)),
    "clone(NEWPID)": (56, 220, (0x2000_0011, 0, 0, 0, 0)),
    "sethostname": (170, 161, (0, 0)),
    "reboot": (169, 142, (0, 0, 0, 0)),
    "syslog": (103, 116, (10, 0, 0)),
    "swapon": (167, 224, (0, 0)),
    "quotactl": (179, 60, (0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_a_dangerous_system_call_is_refused(host: Host, name: str) -> None:
    x86_64, aarch64, arguments = _REFUSED[name]
    number = x86_64 if platform.machine() == "x86_64" else aarch64
    ran = host.python(_CALL.format(arguments=(number, *arguments)))
    assert ran.output == f"-1 {errno.EPERM}\n"


def test_clone3_does_not_exist_so_that_its_flags_cannot_hide(host: Host) -> None:
    assert host.python(_CALL.format(arguments=(435, 0, 0))).output == f"-1 {errno.ENOSYS}\n"


def test_system_calls_of_another_architecture_kill(host: Host) -> None:
    if platform.machine() == "x86_64":
        # getpid by the 32-bit entry: mov eax, 20; int 0x80; ret
        code = "b8140000 00cd80c3"
        source = (
            "import ctypes, mmap\n"
            "m = mmap.mmap(-1, 4096, prot=7)\n"
            f"m.write(bytes.fromhex('{code}'))\n"
            "ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()\n"
            "print('survived')"
        )
        ran = host.python(source)
        assert "survived" not in ran.output
        assert ran.status.signal == 31  # SIGSYS
    else:
        assert host.python(_CALL.format(arguments=(0x4000_0000 + 39,))).output.startswith("-1 ")


def test_numbers_of_the_x32_interface_are_refused(host: Host) -> None:
    assert host.python(_CALL.format(arguments=(0x4000_0000 + 39,))).output == f"-1 {errno.EPERM}\n"


def test_threads_and_children_work_all_the_same(host: Host) -> None:
    source = (
        "import threading, subprocess\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "print(subprocess.run(['/bin/echo', 'child'], capture_output=True, text=True).stdout, end='')"
    )
    assert host.python(source).output == "thread\nchild\n"


@pytest.mark.parametrize("family", [38, 40, 17, 44])  # alg, vsock, packet, xdp
def test_socket_families_outside_the_network_namespace_are_refused(host: Host, family: int) -> None:
    source = f"import socket\ntry: socket.socket({family}, 2)\nexcept OSError as e: print(e.errno)"
    assert host.python(source).output == f"{errno.EAFNOSUPPORT}\n"


def _status(host: Host, path: str = "/proc/self/status") -> dict[str, str]:
    lines = host.shell(f"cat {path}").output.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _told_of_pid_1(host: Host, name: str) -> str:
    """A file of its /proc as the host sees it: a function does not see it."""
    sandbox = host.make()
    try:
        (reaper,) = (
            entry.parent
            for entry in Path("/proc").glob("[0-9]*/cmdline")
            if {sandbox.sandbox_id, host.owner} <= set(_read(entry).split("\0"))
        )
        return (reaper / name).read_text().replace(sandbox.sandbox_id, "<id>")
    finally:
        host.destroy(sandbox)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # it has ended meanwhile


def _status_of_pid_1(host: Host) -> dict[str, str]:
    lines = _told_of_pid_1(host, "status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_there_is_no_capability_in_any_set(host: Host) -> None:
    status = _status(host)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name


def test_no_new_privileges_and_a_filter_are_on(host: Host) -> None:
    status = _status(host)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_pid_1_has_no_more_than_it_needs(host: Host) -> None:
    status = _status_of_pid_1(host)
    kill, setgid, setuid = 5, 6, 7
    assert int(status["CapEff"], 16) == 1 << kill | 1 << setgid | 1 << setuid
    assert int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_a_setuid_program_gives_nothing(host: Host) -> None:
    ran = host.shell("test -u /usr/bin/su && echo is setuid; su -c 'id -u' < /dev/null; id -u")
    words = ran.output.splitlines()
    assert words[0] == "is setuid"  # or this test proves nothing
    assert (words[-1], "0" in words) == ("993", False)


def test_the_user_cannot_become_another(host: Host) -> None:
    source = (
        "import os\n"
        "for call in (os.setuid, os.setgid):\n"
        "    for number in (0, 1000, 65534):\n"
        "        try: call(number); print('became', number)\n"
        "        except OSError: pass\n"
        "try: os.setgroups([0]); print('joined')\n"
        "except OSError: pass"
    )
    assert host.python(source).output == ""


def test_devices_cannot_be_made(host: Host) -> None:
    ran = host.python("import os, stat; os.mknod('/tmp/disk', stat.S_IFBLK | 0o666, os.makedev(254, 0))")
    assert "Operation not permitted" in ran.output


def test_the_environment_is_exactly_what_was_given(host: Host) -> None:
    os.environ["SERVER_SECRET"] = "of the server"
    try:
        ran = host.run("/usr/bin/env", env={"ONE": "1", "TWO": "zwei ü"})
    finally:
        del os.environ["SERVER_SECRET"]
    assert sorted(ran.output.splitlines()) == ["ONE=1", "TWO=zwei ü"]


def test_pid_1_names_nothing_of_the_host_in_its_arguments(host: Host) -> None:
    arguments = _told_of_pid_1(host, "cmdline").rstrip("\0").split("\0")
    assert arguments == ["lambdad-sandbox", host.owner, "<id>"]
    assert _told_of_pid_1(host, "comm") == "lambdad-sandbox\n"


@pytest.mark.parametrize("name", ["environ", "cmdline", "maps", "mem", "stat", "exe", "cwd", "fd"])
def test_pid_1_cannot_be_seen_at_all(host: Host, name: str) -> None:
    assert "No such file or directory" in host.shell(f"cat /proc/1/{name}; ls /proc/1/{name}").output


def test_no_descriptor_but_the_five_is_inherited(host: Host) -> None:
    leaked = os.open(__file__, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        source = (
            "import os, json\n"
            "found = {}\n"
            "for n in range(1024):\n"
            "    try: found[n] = os.readlink(f'/proc/self/fd/{n}').split(':')[0]\n"
            "    except OSError: pass\n"
            "print(json.dumps(found))"
        )
        found = json.loads(host.python(source).output)
    finally:
        os.close(leaked)
    assert found == {"0": "/dev/null", "1": "pipe", "2": "pipe", "3": "pipe", "4": "socket"}


def test_output_and_the_log_descriptor_are_one_pipe(host: Host) -> None:
    assert host.shell("echo one; echo two >&2; echo three >&3").output == "one\ntwo\nthree\n"


def test_there_is_no_terminal_and_a_session_of_its_own(host: Host) -> None:
    ran = host.python("import os; print(os.getsid(0) == os.getpid(), flush=True); open('/dev/tty')")
    assert ran.output.startswith("True\n")
    assert "FileNotFoundError" in ran.output


def test_ignored_signals_of_python_are_not_inherited(host: Host) -> None:
    ignored = int(_status(host)["SigIgn"], 16)
    blocked = int(_status(host)["SigBlk"], 16)
    assert (ignored, blocked) == (0, 0)


def test_the_host_s_name_is_not_told(host: Host) -> None:
    assert host.shell("hostname").output == "169.254.100.1\n"
