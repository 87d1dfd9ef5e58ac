"""A blank that was made a copy of another process is that process: memory, registers, files, everything."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest
from imaging import ForkServer

pytestmark = pytest.mark.root


def copied(forks: ForkServer, before: str, after: str, **keywords: tuple[str, ...]) -> str:
    """What a copy of a process that has executed `before` answers to `after`."""
    with forks.image(forks.template(before), **keywords) as image:
        blank = forks.blank()
        said = blank.restore(image)
        assert "error" not in said, said
        return blank.run(after)


def test_objects_are_there(forks: ForkServer) -> None:
    assert copied(forks, "kept = {'a': [1, 2.5, 'x']}", "answer = kept") == "{'a': [1, 2.5, 'x']}"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("from decimal import *; getcontext().prec = 5", "answer = Decimal(1) / 3", "Decimal('0.33333')"),
        (
            "import sqlite3; base = sqlite3.connect(':memory:'); base.execute('create table t as select 7')",
            "answer = base.execute('select * from t').fetchall()",
            "[(7,)]",
        ),
        ("import zlib; packer = zlib.compressobj(); head = packer.compress(b'a' * 99)",
         "answer = zlib.decompress(head + packer.compress(b'b') + packer.flush())[-2:]", "b'ab'"),
        ("import re; pattern = re.compile('(a+)b')", "answer = pattern.findall('aab')", "['aa']"),
    ],
)  # fmt: skip
def test_the_state_of_extensions_in_c_is_there(
    forks: ForkServer, before: str, after: str, expected: str
) -> None:
    assert copied(forks, before, after) == expected


def test_large_memory_is_there_to_the_last_byte(forks: ForkServer) -> None:
    before = (
        "import zlib; block = bytes(range(256)) * 100_000; sparse = bytearray(50_000_000); sparse[-1] = 9"
    )
    after = "answer = block == bytes(range(256)) * 100_000, sum(sparse), len(sparse)"
    assert copied(forks, before, after) == "(True, 9, 50000000)"


def test_memory_grows_as_before(forks: ForkServer) -> None:
    """The heap by brk, blocks of their own by mremap, arenas by mmap."""
    before = "numbers = list(range(300_000)); text = bytearray(b'x' * 3_000_000)"
    after = (
        "numbers += range(3_000_000); text += b'y' * 60_000_000\n"
        "small = [bytes(400) for _ in range(200_000)]; objects = [[n] for n in range(300_000)]\n"
        "answer = len(numbers), numbers[299_999:300_001], text[2_999_999:3_000_001], text[-1], len(text)"
    )
    expected = "(3300000, [299999, 0], bytearray(b'xy'), 121, 63000000)"
    assert copied(forks, before, after) == expected


def test_the_stack_grows_as_before(forks: ForkServer) -> None:
    before = "import sys; sys.setrecursionlimit(20_000)"
    # Through C on each level, so that it is the machine's stack that grows.
    after = "deep = lambda n: n and 1 + max(map(deep, [n - 1]))\nanswer = deep(6_000)"
    assert copied(forks, before, after) == "6000"


def test_exceptions_are_raised_and_caught_as_before(forks: ForkServer) -> None:
    before = "class Ours(Exception): pass"
    after = "try:\n    raise Ours('x')\nexcept Ours as error:\n    answer = error.args, 0.1 + 0.2, 1e308 * 10"
    assert copied(forks, before, after) == "(('x',), 0.30000000000000004, inf)"


def test_open_files_are_where_they_were(forks: ForkServer) -> None:
    before = (
        "import os; first = open('/etc/passwd', 'rb', buffering=0); first.read(10)\n"
        "spare = [os.open('/dev/null', os.O_RDWR) for _ in range(3)]; os.close(spare[1])\n"
        "place = os.open('/usr', os.O_DIRECTORY); os.dup2(place, 40)"
    )
    after = (
        "answer = first.tell(), first.read() == open('/etc/passwd', 'rb').read()[10:], 'bin' in os.listdir(40),"
        "[n for n in range(5, 60) if os.path.exists(f'/proc/self/fd/{n}')], os.get_inheritable(first.fileno())"
    )
    assert copied(forks, before, after) == "(10, True, True, [5, 6, 7, 8, 40], False)"


def test_files_that_the_caller_brings_along_are_opened_again(forks: ForkServer, tmp_path: Path) -> None:
    before = f"file = open('{tmp_path}/notes', 'w+'); file.write('before '); file.flush()"
    after = "file.write('after'); file.seek(0); answer = file.read()"
    assert copied(forks, before, after, writable=(str(tmp_path),)) == "'before after'"


def test_what_the_kernel_knows_of_a_process_is_as_it_was(forks: ForkServer) -> None:
    before = (
        "import os, signal, faulthandler, ctypes, resource\n"
        "heard = []\n"
        "os.chdir('/usr/lib'); os.umask(0o027); resource.setrlimit(resource.RLIMIT_NOFILE, (333, 444))\n"
        "signal.signal(signal.SIGUSR1, lambda *_: heard.append(1)); signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2}); faulthandler.enable(open('/dev/null', 'w'))\n"
        "ctypes.CDLL(None).prctl(15, b'renamed', 0, 0, 0)"
    )
    after = (
        "def handlers():\n"
        "    lines = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "    return {key: lines[key].strip() for key in ('Name', 'Umask', 'SigCgt', 'SigIgn', 'SigBlk', 'Pid')}\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "answer = heard, os.getcwd(), resource.getrlimit(resource.RLIMIT_NOFILE), handlers()"
    )
    with forks.image(forks.template(before)) as image:
        blank, template = forks.blank(), forks.template(before)
        assert "error" not in blank.restore(image)
        assert blank.run(after) == template.run(after)


def test_a_restored_process_forks_and_starts_threads(forks: ForkServer) -> None:
    before = "import os, threading, subprocess"
    after = (
        "found = []; threads = [threading.Thread(target=found.append, args=(n,)) for n in range(5)]\n"
        "for one in threads: one.start()\n"
        "for one in threads: one.join()\n"
        "answer = sorted(found), subprocess.run(['/bin/echo', 'hello'], capture_output=True).stdout"
    )
    assert copied(forks, before, after) == "([0, 1, 2, 3, 4], b'hello\\n')"


def test_memory_that_is_to_be_wiped_in_children_is_wiped_in_copies(forks: ForkServer) -> None:
    before = (
        "import mmap; secret = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
        "secret.madvise(18); secret[:4] = b'seed'"  # MADV_WIPEONFORK
    )
    assert copied(forks, before, "answer = secret[:4]") == repr(bytes(4))


def test_a_process_goes_on_after_its_image_was_taken(forks: ForkServer) -> None:
    template = forks.template("count = 1")
    for _ in range(3):
        with forks.image(template):
            assert template.run("count += 1; answer = count").isdigit()
    assert template.run("answer = count") == "4"


def test_copies_do_not_see_each_other_and_outlive_the_template(forks: ForkServer) -> None:
    template = forks.template("kept = bytearray(1_000_000); kept[0] = 1")
    with forks.image(template) as image:
        os.kill(template.pid, signal.SIGKILL)
        blanks = [forks.blank() for _ in range(5)]
        for blank in blanks:
            assert "error" not in blank.restore(image)
    for number, blank in enumerate(blanks):
        blank.run(f"kept[0] += {number}")
    assert [blank.run("answer = kept[0]") for blank in blanks] == ["1", "2", "3", "4", "5"]


def test_copies_share_what_they_do_not_change(forks: ForkServer) -> None:
    size = 40_000_000
    with forks.image(forks.template(f"block = bytearray(b'x' * {size})")) as image:
        blanks = [forks.blank() for _ in range(4)]
        for blank in blanks:
            blank.restore(image)
            assert blank.run("answer = block.count(b'x')") == str(size)
        for blank in blanks:
            rollup = Path(f"/proc/{blank.pid}/smaps_rollup").read_text().splitlines()
            found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in rollup[1:]}
            assert found["Rss"] > size and found["Private_Dirty"] < size / 4


def test_a_hundred_copies_one_after_another_are_all_right(forks: ForkServer) -> None:
    with forks.image(forks.template("import json; kept = list(range(1000))")) as image:
        for number in range(100):
            blank = forks.blank()
            said = blank.restore(image)
            assert "error" not in said, said
            assert blank.run(f"answer = json.dumps(sum(kept) + {number})") == repr(str(499500 + number))
            blank.close()


def test_an_image_can_be_changed_by_nobody(forks: ForkServer) -> None:
    with forks.image(forks.template("kept = 1")) as image:
        with pytest.raises(PermissionError):
            os.pwrite(image.descriptor, b"x", 8192)
        seals = fcntl.fcntl(image.descriptor, fcntl.F_GET_SEALS)
        assert seals & fcntl.F_SEAL_WRITE and seals & fcntl.F_SEAL_SEAL


def test_a_copy_holds_no_descriptor_of_the_image(forks: ForkServer) -> None:
    after = "import os; answer = [os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 3)], os.listdir('/proc/self/fd')"
    assert "memfd" not in copied(forks, "kept = 1", after)
