"""What a function sees of the host's files, and where it can write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hosting import Host

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.plan import Mount

pytestmark = pytest.mark.root


def test_mnt_is_there_and_empty(host: Host) -> None:
    ran = host.python("import os; print(os.listdir('/mnt'), os.access('/mnt', os.W_OK))")
    assert ran.output == "[] False\n"


@pytest.mark.parametrize("path", ["/root", "/etc/shadow", "/home", "/var/lib", "/sys", "/boot"])
def test_the_host_s_own_places_do_not_exist_inside(host: Host, path: str) -> None:
    ran = host.python(f"import os; print(os.path.lexists({path!r}) and os.listdir({path!r}))")
    assert ran.output in ("False\n", *(f"{[own]}\n" for own in host.shown_below(path)))


def test_the_data_directory_cannot_be_reached_by_its_path(host: Host) -> None:
    secret = host.data_dir / "secret"
    assert secret.read_text() == "of the server"
    ran = host.python(f"open({str(secret)!r})")
    assert "FileNotFoundError" in ran.output


def test_the_root_of_another_process_does_not_lead_out(host: Host) -> None:
    ran = host.python("import os; os.listdir('/proc/1/root')")
    assert "FileNotFoundError" in ran.output  # not even the process can be seen


def test_going_up_from_the_root_stays_inside(host: Host) -> None:
    ran = host.python("import os; print(sorted(os.listdir('/../../..')))")
    assert "boot" not in eval(ran.output)
    assert {"tmp", "var", "usr"} <= set(eval(ran.output))


@pytest.mark.parametrize(
    "place", ["/", "/usr", "/etc", "/var", "/var/task", "/var/tmp", "/opt", "/dev", "/run", "/proc"]
)
def test_nothing_but_tmp_can_be_written(host: Host, place: str) -> None:
    ran = host.python(f"open({place!r} + '/new', 'w')")
    assert ran.status.code == 1
    assert any(
        error in ran.output for error in ("Read-only file system", "Permission denied", "No such file")
    )


def test_tmp_can_be_written_and_is_kept_for_the_next_process(host: Host) -> None:
    sandbox = host.make()
    try:
        assert host.run_in(sandbox, "/bin/sh", "-c", "echo kept > /tmp/file").status.code == 0
        assert host.run_in(sandbox, "/bin/cat", "/tmp/file").output == "kept\n"
    finally:
        host.destroy(sandbox)


def test_two_sandboxes_do_not_share_tmp(host: Host) -> None:
    one, other = host.make(), host.make()
    try:
        host.run_in(one, "/bin/sh", "-c", "echo mine > /tmp/file")
        assert host.run_in(other, "/bin/ls", "/tmp").output == ""
    finally:
        host.destroy(one)
        host.destroy(other)


def test_the_code_is_there_read_only_without_setuid_and_devices(host: Host) -> None:
    ran = host.shell("cat /var/task/handler.txt; grep /var/task /proc/self/mounts")
    text, mount = ran.output.split("code", 1)[0], ran.output.split("code", 1)[1]
    assert text == ""
    assert {"ro", "nosuid", "nodev"} <= set(mount.split()[3].split(","))


def test_the_program_starts_in_the_task_directory(host: Host) -> None:
    assert host.shell("pwd").output == "/var/task\n"


def test_system_directories_are_read_only_without_setuid_and_devices(host: Host) -> None:
    for line in host.shell("grep -v -e ' /tmp ' -e ' /proc ' /proc/self/mounts").output.splitlines():
        options = set(line.split()[3].split(","))
        assert {"ro", "nosuid"} <= options, line


def test_the_device_directory_has_the_five_harmless_ones_only(host: Host) -> None:
    ran = host.shell(
        "ls /dev; head -c 4 /dev/zero | wc -c; head -c 8 /dev/urandom | wc -c; echo x > /dev/null"
    )
    assert ran.output.split() == [
        "fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero", "4", "8",
    ]  # fmt: skip


def test_there_is_no_shared_memory_file_system_as_on_aws(host: Host) -> None:
    ran = host.python("import multiprocessing; multiprocessing.Lock()")
    assert "OSError: [Errno 38] Function not implemented" in ran.output or "FileNotFoundError" in ran.output


def test_users_hosts_and_certificates_are_there(host: Host) -> None:
    source = (
        "import pwd, socket, ssl, os\n"
        "print(pwd.getpwuid(os.getuid()).pw_name, os.getuid(), os.getgid(), os.getgroups())\n"
        "print(socket.gethostbyname('localhost'))\n"
        "print(os.path.exists(ssl.get_default_verify_paths().openssl_capath))"
    )
    assert host.python(source).output.splitlines() == [
        "sbx_user1051 993 990 []",
        "127.0.0.1",
        str(Path("/usr/lib/ssl/certs").exists()),
    ]


def test_the_password_files_name_nobody_of_the_host(host: Host) -> None:
    names = host.shell("cut -d: -f1 /etc/passwd").output.split()
    assert names == ["root", "nobody", "sbx_user1051"]


@pytest.mark.parametrize(
    "name", ["sysrq-trigger", "kcore", "keys", "timer_list", "cmdline", "modules", "partitions", "kmsg"]
)
def test_files_of_proc_that_tell_of_the_host_say_nothing(host: Host, name: str) -> None:
    ran = host.shell(f"cat /proc/{name}")
    assert ran.output in ("",) or "Permission denied" in ran.output or "No such file" in ran.output


def test_kernel_settings_cannot_be_changed(host: Host) -> None:
    ran = host.shell("echo 1 > /proc/sys/kernel/domainname; echo 1 > /proc/sys/vm/drop_caches")
    assert ran.output.count("Read-only") + ran.output.count("ermission denied") == 2


def test_a_mount_whose_source_is_missing_is_named_in_the_error(host: Host) -> None:
    plan = replace(host.plan(), mounts=(Mount(Path("/nowhere/at/all"), "/opt"),))
    with pytest.raises(EnvironmentUnavailable, match="/nowhere/at/all: No such file or directory"):
        host.make(plan)


@pytest.mark.parametrize("target", ["/proc/x", "/dev", "/etc/ssl", "/tmp/x", "/var/../etc", "relative", "/"])
def test_a_mount_cannot_replace_what_protects(host: Host, target: str) -> None:
    plan = replace(host.plan(), mounts=(Mount(host.task, target),))
    with pytest.raises(EnvironmentUnavailable, match="not a place to mount at"):
        host.make(plan)


def test_a_directory_below_a_closed_one_can_be_shown_under_the_same_path(host: Host, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    tree = closed / "interpreter"
    tree.mkdir(parents=True)
    (tree / "file").write_text("seen")
    closed.chmod(0o700)
    target = "/root/.versions/interpreter"
    sandbox = host.make(replace(host.plan(), mounts=(Mount(tree, target),)))
    try:
        assert host.run_in(sandbox, "/bin/cat", f"{target}/file").output == "seen"
    finally:
        host.destroy(sandbox)
