"""What an image cannot hold is named, and the process lives on; a blank that does not suit stays as it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from imaging import ForkServer

from lambdad.worker.sandbox.launcher.image.dumping import Image
from lambdad.worker.sandbox.launcher.image.refusal import ImageError, Refused

pytestmark = pytest.mark.root

_TIMER = (
    "import ctypes; made = ctypes.c_void_p(); ctypes.CDLL(None).timer_create(1, None, ctypes.byref(made))"
)
_SHARED = "import mmap; shared = mmap.mmap(-1, 4096)"
HINDRANCES = {
    "import threading, time; threading.Thread(target=time.sleep, args=(99,), daemon=True).start()": "1 other threads",
    "import os, time\nif os.fork() == 0: time.sleep(99)": "1 child processes",
    "import socket; kept = socket.socket()": "descriptor 5 is an open socket (socket:[",
    "import os; kept = os.pipe()": "descriptor 6 is a pipe (pipe:[",
    "import select; kept = select.epoll()": "descriptor 5 is open (anon_inode:[eventpoll]",
    "import os, ctypes; kept = ctypes.CDLL(None).eventfd(0, 0)": "descriptor 5 is open (anon_inode:[eventfd",
    "import ctypes; kept = ctypes.CDLL(None).timerfd_create(1, 0)": "descriptor 5 is open (anon_inode:[timerfd]",
    "import ctypes; kept = ctypes.CDLL(None).inotify_init()": "descriptor 5 is open (anon_inode:inotify",
    "import os; kept = os.memfd_create('x')": "descriptor 5 is a file that was deleted (/memfd:x)",
    "kept = open('/proc/self/status')": "descriptor 5 is a file that will not be there again (/proc/",
    "import tempfile; kept = tempfile.TemporaryFile()": "descriptor 5 is a file that was deleted (/tmp/",
    "import tempfile; kept = tempfile.NamedTemporaryFile()": "descriptor 5 is a file that will not be there again (/tmp/",
    _SHARED: "is shared and writable",
    "import signal; signal.setitimer(signal.ITIMER_REAL, 999)": "an interval timer",
    "import signal; signal.setitimer(signal.ITIMER_PROF, 999)": "an interval timer",
    _TIMER: "1 timers of timer_create",
    "import ctypes; kept = ctypes.create_string_buffer(8192); ctypes.CDLL(None).mlock(kept, 8192)": "locked memory (",
    "import os, tempfile; os.chdir(tempfile.mkdtemp())": "its working directory will not be there again (/tmp/",
}  # fmt: skip


@pytest.mark.parametrize(("code", "words"), HINDRANCES.items(), ids=HINDRANCES.values())
def test_what_cannot_be_copied_is_named_and_the_process_lives_on(
    forks: ForkServer, code: str, words: str
) -> None:
    template = forks.template(code)
    with pytest.raises(Refused) as refused, forks.image(template):
        pass
    assert any(words in reason for reason in refused.value.reasons)
    assert template.run("answer = 1 + 1") == "2"


def test_everything_is_named_at_once(forks: ForkServer) -> None:
    with (
        pytest.raises(Refused) as refused,
        forks.image(forks.template("import os, socket; kept = socket.socket(), os.pipe()")),
    ):
        pass
    assert len(refused.value.reasons) == 3


def test_names_that_the_function_chose_are_quoted_and_bounded(forks: ForkServer) -> None:
    code = "import os, tempfile; kept = open(tempfile.mkdtemp() + '/a\\nb' + 'c' * 240, 'w')"
    with pytest.raises(Refused) as refused, forks.image(forks.template(code)):
        pass
    assert "\n" not in str(refused.value) and len(refused.value.reasons[0]) <= 200


def test_a_process_that_does_not_wait_on_its_channel_is_refused(forks: ForkServer) -> None:
    template = forks.blank()
    template.send("while True: pass")
    with pytest.raises(Refused, match="does not wait on its channel"), forks.image(template):
        pass
    os.kill(template.pid, signal.SIGKILL)


def test_a_process_that_ended_is_an_error(forks: ForkServer) -> None:
    template = forks.template("kept = 1")
    template.end()
    with pytest.raises(ImageError), forks.image(template):
        pass


def test_a_blank_of_another_fork_server_stays_as_it_was(forks: ForkServer) -> None:
    others = ForkServer()
    try:
        blank = others.blank()
        with forks.image(forks.template("kept = 1")) as image:
            said = blank.restore(image)
        assert said["kind"] == "Refused"
        assert "it lacks" in str(said["error"]) or "lies elsewhere" in str(said["error"])
        assert blank.run("answer = 'still here'") == "'still here'"
    finally:
        others.close()


def test_a_blank_with_other_descriptors_is_refused(forks: ForkServer) -> None:
    blank = forks.template("import os; kept = os.dup(0)")
    with forks.image(forks.template("kept = 1")) as image:
        assert "other descriptors" in str(blank.restore(image)["error"])


def test_what_is_no_image_is_refused(forks: ForkServer) -> None:
    empty = os.memfd_create("empty")
    try:
        blank = forks.blank()
        assert blank.restore(Image(empty, 0))["error"] == "not a memory image"
        assert blank.run("answer = 1") == "1"
    finally:
        os.close(empty)


def test_a_file_that_was_replaced_ends_the_blank_instead_of_being_mapped(
    forks: ForkServer, tmp_path: Path
) -> None:
    file = f"{tmp_path}/data"
    with open(file, "wb") as made:
        made.write(b"x" * 8192)
    code = f"import mmap, os; at = os.open('{file}', os.O_RDONLY); kept = mmap.mmap(at, 8192, mmap.MAP_SHARED, mmap.PROT_READ); os.close(at)"
    with forks.image(forks.template(code), writable=(str(tmp_path),)) as image:
        os.unlink(file)
        with open(file, "wb") as made:
            made.write(b"y" * 8192)
        said = forks.blank().restore(image)
    assert said == {"kind": "ImageError", "error": "a file that the image maps is not the one it was"}
