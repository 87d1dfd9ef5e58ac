"""`/tmp` lies on disk, is as large as the plan says, is nobody else's, and is not memory."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import LIMITS, MIB, PYTHON, Host, hosts, run_in

from lambdad.worker.sandbox import helper
from lambdad.worker.sandbox.factory import make_factory
from lambdad.worker.sandbox.plan import ProcessPlan, Sandbox, SandboxPlan, Tier

pytestmark = pytest.mark.root

GIB = 1 << 30
QUARTER = GIB // 4
FULL = (errno.ENOSPC, errno.EDQUOT)
PATIENCE_S = 30.0
WRITE = """
import os, sys
n = 0
try:
    f = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
    while n < int(sys.argv[2]):
        n += os.write(f, bytes(1 << 20))
    print(0, n)
except OSError as error:
    print(error.errno, n)
"""
SMALL_FILES = """
n = 0
try:
    while True:
        open(f'/tmp/{n}', 'w').close(); n += 1
except OSError as error:
    print(error.errno, n)
"""
ASK_BTRFS = """
import errno, fcntl, os, struct
directory = os.open('/tmp', os.O_RDONLY)
def ask(number, argument):
    try:
        fcntl.ioctl(directory, number, bytearray(argument)); return 'done'
    except OSError as error:
        return errno.errorcode[error.errno]
print(ask(0x5000940e, struct.pack('=q4088s', 0, b'own')), ask(0xd0009412, bytes(4096)))
source = open('/tmp/a', 'w+'); source.write('x' * 4096); source.flush()
print(fcntl.ioctl(open('/tmp/b', 'w'), 0x40049409, source.fileno()), os.path.getsize('/tmp/b'))
"""
SET_PROJECT = """
import errno, fcntl, os, struct
file = os.open('/tmp/p', os.O_CREAT | os.O_RDWR)
try:
    fcntl.ioctl(file, 0x401c5820, struct.pack('=5I8s', 0, 0, 0, 7, 0, b'')); print('done')
except OSError as error:
    print('refused')
"""
MAP = """
import mmap, os
f = os.open('/tmp/m', os.O_CREAT | os.O_RDWR)
os.ftruncate(f, 160 << 20)
m = mmap.mmap(f, 160 << 20)
for at in range(0, len(m), 4096):
    m[at] = 1
print('written')
"""


@contextmanager
def launchers_with(source: str) -> Iterator[None]:
    """What begins meanwhile runs `source` before anything else of the launcher."""
    with pytest.MonkeyPatch.context() as patch:
        path, main = helper._BOOT.split("from lambdad", 1)
        patch.setattr(helper, "_BOOT", f"{path}{source}from lambdad{main}")
        yield


@contextmanager
def measured_in(unit_bytes: int) -> Iterator[None]:
    """An image that begins with twice as much, grows by it, and leaves one unit of the disk to others."""
    looks_ms = max(50, 250 * unit_bytes // GIB)
    with launchers_with(
        "from lambdad.worker.sandbox.launcher.tmp import image, keeper; "
        f"image.STEP_BYTES = {2 * unit_bytes}; image._LEFT_BYTES = keeper._AHEAD_BYTES = {unit_bytes}; "
        f"keeper._LOOK_MS = {looks_ms}; "
    ):
        yield


@contextmanager
def made(host: Host, **limits: object) -> Iterator[Sandbox]:
    sandbox = host.make(host.plan(**limits))
    try:
        yield sandbox
    finally:
        host.destroy(sandbox)


def write(host: Host, sandbox: Sandbox, path: str, size_bytes: int) -> tuple[int, int]:
    """What errno a program met, and how many bytes it had written then."""
    output = host.run_in(sandbox, PYTHON, "-c", WRITE, path, str(size_bytes)).output.split()
    return int(output[0]), int(output[1])


def free_in_image(host: Host) -> int:
    source = "import os; s = os.statvfs('/tmp'); print(s.f_bfree * s.f_bsize)"
    return int(host.python(source).output)


def images_of(directory: Path) -> list[str]:
    """Loop devices on files of a directory."""
    found = []
    for file in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            backing = file.read_text()
        except OSError:  # it ended just now
            continue
        if backing.startswith(f"{directory}/"):
            found.append(file.parts[3])
    return found


def test_the_probe_says_that_tmp_lies_on_disk(host: Host) -> None:
    (found,) = [finding for finding in host.factory.findings if finding.feature == "tmp on disk"]
    assert found.works, found
    assert "btrfs" in found.detail


@pytest.mark.parametrize("size_mib", [8, *(pytest.param(mib, marks=pytest.mark.full) for mib in (512, 600))])
def test_tmp_holds_what_the_plan_says_and_no_more(host: Host, size_mib: int) -> None:
    with made(host, tmp_bytes=size_mib * MIB) as sandbox:
        error, written = write(host, sandbox, "/tmp/big", 1 << 40)
        assert error in FULL
        assert size_mib * MIB <= written < (size_mib + 1) * MIB
        assert write(host, sandbox, "/tmp/other", MIB)[0] in FULL


@pytest.fixture
def small_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host whose image begins with 512 MiB."""
    with measured_in(QUARTER):
        yield from hosts(tmp_path_factory, Tier.NAMESPACE)


def test_a_small_image_grows_with_what_is_written(small_image: Host) -> None:
    with made(small_image, tmp_bytes=GIB) as sandbox:
        assert write(small_image, sandbox, "/tmp/big", 3 * QUARTER) == (0, 3 * QUARTER)


@pytest.mark.full
def test_more_is_written_than_the_image_had_at_first(host: Host) -> None:
    with made(host, tmp_bytes=4 * GIB) as sandbox:
        assert write(host, sandbox, "/tmp/big", 3 * GIB) == (0, 3 * GIB)


def test_what_is_deleted_can_be_written_again(host: Host) -> None:
    with made(host, tmp_bytes=64 * MIB) as sandbox:
        for _ in range(4):
            assert write(host, sandbox, "/tmp/big", 50 * MIB) == (0, 50 * MIB)
            host.run_in(sandbox, "/bin/rm", "/tmp/big")


def test_empty_files_have_an_end_and_a_full_tmp_can_be_emptied_by_the_function(host: Host) -> None:
    with made(host, tmp_bytes=4 * MIB) as sandbox:
        error, files = host.run_in(sandbox, PYTHON, "-c", SMALL_FILES).output.split()
        assert write(host, sandbox, "/tmp/big", 1 << 40)[0] in FULL
        emptied = host.run_in(sandbox, "/bin/sh", "-c", "cd /tmp && find . -type f -delete && ls -A | wc -l")
        assert (int(error) in FULL, emptied.output) == (True, "0\n"), files
        assert 500 < int(files) < 50_000
        assert write(host, sandbox, "/tmp/big", 2 * MIB) == (0, 2 * MIB)


def test_a_sparse_file_takes_only_what_is_written(host: Host) -> None:
    with made(host, tmp_bytes=8 * MIB) as sandbox:
        host.run_in(sandbox, PYTHON, "-c", "open('/tmp/s', 'w').truncate(1 << 40)")
        assert write(host, sandbox, "/tmp/small", 4 * MIB) == (0, 4 * MIB)


def test_one_full_tmp_leaves_another_its_own(host: Host) -> None:
    with made(host, tmp_bytes=16 * MIB) as one, made(host, tmp_bytes=16 * MIB) as other:
        assert write(host, one, "/tmp/big", 1 << 40)[0] in FULL
        assert write(host, other, "/tmp/big", 8 * MIB) == (0, 8 * MIB)


def test_files_survive_when_all_processes_are_killed(host: Host) -> None:
    with made(host, memory_bytes=64 * MIB, tmp_bytes=512 * MIB) as sandbox:
        assert write(host, sandbox, "/tmp/big", 100 * MIB) == (0, 100 * MIB)
        sandbox.kill()
        assert host.run_in(sandbox, "/usr/bin/stat", "-c%s", "/tmp/big").output == f"{100 * MIB}\n"
        assert sandbox.tmp_memory_bytes() == 0


def test_the_next_sandbox_sees_nothing_of_the_last_even_under_its_name(host: Host) -> None:
    plan = host.plan(tmp_bytes=64 * MIB)
    for _ in range(3):
        sandbox = host.make(plan)
        try:
            assert host.run_in(sandbox, "/bin/ls", "-A", "/tmp").output == ""
            host.run_in(
                sandbox, "/bin/sh", "-c", "echo secret > /tmp/file; ln -s / /tmp/link; mkdir -p /tmp/d/e"
            )
        finally:
            host.destroy(sandbox)


def test_more_than_the_memory_is_written_without_a_kill_and_is_no_memory(host: Host) -> None:
    with made(host, memory_bytes=64 * MIB, tmp_bytes=512 * MIB) as sandbox:
        assert write(host, sandbox, "/tmp/big", 160 * MIB) == (0, 160 * MIB)
        assert 0 < sandbox.peak_memory_bytes() < 32 * MIB


def test_a_mapped_file_larger_than_the_memory_is_written_without_a_kill(host: Host) -> None:
    ran = host.python(MAP, memory_bytes=64 * MIB, tmp_bytes=512 * MIB)
    assert (ran.output, ran.status.oom_killed) == ("written\n", False)


def test_memory_that_was_given_back_beside_a_large_file_is_still_told(host: Host) -> None:
    with made(host, memory_bytes=128 * MIB, tmp_bytes=512 * MIB) as sandbox:
        write(host, sandbox, "/tmp/big", 150 * MIB)
        ready: list[int] = []
        host.runner.run(_hold(sandbox, ready))
        assert 60 * MIB < ready[0] < 90 * MIB


async def _hold(sandbox: Sandbox, peaks: list[int]) -> None:
    """A process has 60 MiB, gives them back, writes a file, and goes on."""
    source = f"x = bytearray(60 << 20); del x\n{WRITE}\nsys.stdout.flush(); import time; time.sleep(600)"
    plan = ProcessPlan((PYTHON, "-c", source, "/tmp/more", str(100 * MIB)), {}, has_channel=False)
    process = await sandbox.start(plan, lambda _status: None)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _has_said(process.output):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        peaks.append(sandbox.peak_memory_bytes())
    finally:
        sandbox.kill()
        os.close(process.output)


def _has_said(output: int) -> bool:
    try:
        return bool(os.read(output, 100))
    except BlockingIOError:
        return False


def test_tmp_is_the_function_s_own_without_setuid_and_devices(host: Host) -> None:
    told = host.shell("stat -c '%a %u %g' /tmp; grep ' /tmp ' /proc/self/mounts").output.splitlines()
    assert told[0] == "1777 993 990"
    assert {"rw", "nosuid", "nodev"} <= set(told[1].split()[3].split(","))


def test_a_function_makes_no_subvolumes_but_may_clone_its_files(host: Host) -> None:
    assert host.python(ASK_BTRFS, tmp_bytes=64 * MIB).output == "EPERM EPERM\n0 4096\n"


def test_a_function_changes_no_project(host: Host) -> None:
    assert host.python(SET_PROJECT).output == "refused\n"


def test_what_an_ended_sandbox_had_is_free_again(host: Host) -> None:
    before = free_in_image(host)
    with made(host, tmp_bytes=512 * MIB) as sandbox:
        write(host, sandbox, "/tmp/big", 200 * MIB)
    deadline = time.monotonic() + PATIENCE_S
    while free_in_image(host) < before - 100 * MIB:
        assert time.monotonic() < deadline, "nothing is given back"
        time.sleep(0.2)


def test_a_closed_host_leaves_no_loop_device(tmp_path_factory: pytest.TempPathFactory) -> None:
    for host in hosts(tmp_path_factory, Tier.NAMESPACE):
        assert len(images_of(host.data_dir)) == 1
        directory = host.data_dir
    deadline = time.monotonic() + PATIENCE_S
    while images_of(directory):
        assert time.monotonic() < deadline, "the loop device stays"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def memory_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host on which `mkfs.btrfs` is not installed."""
    missing = "import lambdad.worker.sandbox.launcher.tmp.image as image; image._MKFS = 'mkfs.none'; "
    made = hosts(tmp_path_factory, Tier.NAMESPACE)
    with launchers_with(missing):
        host = next(made)
    yield host
    yield from made  # to its end


def test_without_the_program_the_finding_says_what_to_install(memory_host: Host) -> None:
    (found,) = [one for one in memory_host.factory.findings if one.feature == "tmp on disk"]
    assert (found.works, found.remedy) == (False, "install `btrfs-progs`")
    assert "counts as the function's memory" in found.detail


def test_in_memory_tmp_holds_what_the_plan_says_and_no_more(memory_host: Host) -> None:
    with made(memory_host, tmp_bytes=8 * MIB) as sandbox:
        assert write(memory_host, sandbox, "/tmp/big", 1 << 40) == (errno.ENOSPC, 8 * MIB)
        assert sandbox.tmp_memory_bytes() >= 8 * MIB


def test_in_memory_files_cannot_break_the_limit_of_memory(memory_host: Host) -> None:
    source = "open('/tmp/x', 'wb').write(bytearray(100 << 20))"
    assert memory_host.python(source, memory_bytes=64 * MIB, tmp_bytes=256 * MIB).status.oom_killed


@pytest.fixture(params=[QUARTER, pytest.param(GIB, marks=pytest.mark.full)], ids=["quarter", "whole"])
def unit_bytes(request: pytest.FixtureRequest) -> Iterator[int]:
    """What everything of the image is measured in: a GiB, or a quarter of it."""
    with measured_in(request.param):
        yield request.param


@pytest.fixture
def small_disk(tmp_path: Path, unit_bytes: int) -> Iterator[Path]:
    """A disk with room for the image, but not for more of it."""
    file, place = tmp_path / "disk", tmp_path / "small"
    with file.open("wb") as made_file:
        made_file.truncate(4 * unit_bytes)
    place.mkdir()
    subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", "-m", "0", file], check=True)
    subprocess.run(["/usr/bin/mount", "-o", "loop", file, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["/usr/bin/umount", "--lazy", place], check=True)


def test_a_full_disk_is_told_to_who_writes_and_the_next_sandbox_still_comes(
    small_disk: Path, unit_bytes: int
) -> None:
    async def fill() -> tuple[tuple[int, int], str]:
        factory = await make_factory(data_dir=small_disk, require=None, outbound=False, tier=Tier.NAMESPACE)
        try:
            limits = replace(LIMITS, tmp_bytes=10 * GIB)
            one = await factory.create(SandboxPlan("one", (), limits, outbound=False))
            full = await _written(one, "/tmp/big", 1 << 40)
            await one.destroy()
            other = await factory.create(SandboxPlan("other", (), limits, outbound=False))
            return full, (await _run(other, "/bin/ls", "-A", "/tmp"))
        finally:
            await factory.close()

    (error, written), seen = asyncio.run(fill())
    assert error in FULL
    assert unit_bytes < written < 3 * unit_bytes
    assert seen == ""
    disk = os.statvfs(small_disk)
    assert disk.f_bavail * disk.f_frsize > unit_bytes  # what was left to others is still there


async def _written(sandbox: Sandbox, path: str, size_bytes: int) -> tuple[int, int]:
    output = (await _run(sandbox, PYTHON, "-c", WRITE, path, str(size_bytes))).split()
    return int(output[0]), int(output[1])


async def _run(sandbox: Sandbox, *argv: str) -> str:
    return (await run_in(sandbox, argv, {})).output
