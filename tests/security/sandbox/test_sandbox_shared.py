"""Directories that sandboxes share: written to as their owner, and no way to anything else."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import PYTHON, Host

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.plan import SandboxPlan, SharedDirectory

OWNER, GROUP = 54_321, 54_322
pytestmark = pytest.mark.root


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    directory = tmp_path / "shared"
    directory.mkdir(mode=0o750)
    os.chown(directory, OWNER, GROUP)
    return directory


def plan_of(host: Host, directory: Path, name: str = "data") -> SandboxPlan:
    return replace(host.plan(), shared=(SharedDirectory(directory, name),))


def run(host: Host, plan: SandboxPlan, source: str) -> str:
    sandbox = host.make(plan)
    try:
        return host.run_in(sandbox, PYTHON, "-c", source).output
    finally:
        host.destroy(sandbox)


def test_what_one_writes_another_reads_and_changes(spawned_host: Host, shared: Path) -> None:
    run(spawned_host, plan_of(spawned_host, shared), "open('/mnt/data/f', 'w').write('one')")
    seen = run(
        spawned_host,
        plan_of(spawned_host, shared, "elsewhere"),
        "import os; f = '/mnt/elsewhere/f'; print(open(f).read(), os.stat(f).st_uid, os.getuid());"
        "open(f, 'a').write('two'); os.chmod(f, 0o600)",
    )
    assert seen.split() == ["one", "993", "993"]
    written = shared / "f"
    assert written.read_text() == "onetwo"
    assert (written.stat().st_uid, written.stat().st_gid) == (OWNER, GROUP)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_files_of_others_are_as_they_let_others(spawned_host: Host, shared: Path) -> None:
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        (shared / name).write_text("of root")
        (shared / name).chmod(mode)
    told = run(
        spawned_host,
        plan_of(spawned_host, shared),
        "import os\n"
        "print(os.stat('/mnt/data/open').st_uid, open('/mnt/data/open').read())\n"
        "for name, mode in (('closed', 'r'), ('open', 'a')):\n"
        "    try: open('/mnt/data/' + name, mode); print('opened')\n"
        "    except OSError as error: print(error.errno)\n"
        "try: os.chown('/mnt/data/open', 993, 990); print('owned')\n"
        "except OSError as error: print(error.errno)\n",
    )
    assert told.splitlines() == ["65534 of root", "13", "13", "1"]


def test_links_do_not_lead_out(spawned_host: Host, shared: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    (shared / "up").symlink_to(secret)
    told = run(
        spawned_host,
        plan_of(spawned_host, shared),
        "import os\n"
        f"for path in ('/mnt/data/up', '/mnt/data/../../{tmp_path}/secret'):\n"
        "    print(os.path.exists(path))\n"
        "print(sorted(os.listdir('/mnt')))\n"
        "try: os.mkdir('/mnt/more')\n"
        "except OSError as error: print(error.errno)\n"
        "try: os.rename('/mnt/data', '/mnt/moved')\n"
        "except OSError as error: print(error.errno in (16, 30))\n",
    )
    assert told.splitlines() == ["False", "False", "['data']", "30", "True"]


def test_programs_get_no_other_user_there(spawned_host: Host, shared: Path) -> None:
    told = run(
        spawned_host,
        plan_of(spawned_host, shared),
        "import os, shutil, subprocess\n"
        "shutil.copy('/usr/bin/id', '/mnt/data/id'); os.chmod('/mnt/data/id', 0o6755)\n"
        "print(subprocess.run(['/mnt/data/id', '-u'], capture_output=True, text=True).stdout.strip())\n"
        "try: os.mknod('/mnt/data/null', 0o20666, os.makedev(1, 3))\n"
        "except OSError as error: print(error.errno)\n"
        "print(int([line.split()[5].split(',') for line in open('/proc/self/mountinfo')"
        " if line.split()[4] == '/mnt/data'][0].__contains__('nosuid')))\n",
    )
    assert told.splitlines() == ["993", "1", "1"]
    assert (shared / "id").stat().st_uid == OWNER


def test_others_see_nothing_of_it(spawned_host: Host, shared: Path) -> None:
    run(spawned_host, plan_of(spawned_host, shared, "private-name"), "pass")
    assert run(spawned_host, spawned_host.plan(), "import os; print(os.listdir('/mnt'))") == "[]\n"


def test_nothing_mounted_below_it_is_shown(spawned_host: Host, shared: Path) -> None:
    below = shared / "below"
    below.mkdir(mode=0o755)
    subprocess.run(["mount", "-t", "tmpfs", "none", str(below)], check=True)
    try:
        (below / "other").touch()
        source = "import os; print(os.listdir('/mnt/data/below'))"
        assert run(spawned_host, plan_of(spawned_host, shared), source) == "[]\n"
    finally:
        subprocess.run(["umount", str(below)], check=True)


@pytest.mark.parametrize("owner", [(0, GROUP), (OWNER, 0)], ids=["user", "group"])
def test_a_directory_of_root_is_refused(spawned_host: Host, shared: Path, owner: tuple[int, int]) -> None:
    os.chown(shared, *owner)
    with pytest.raises(EnvironmentUnavailable, match="belongs to root"):
        spawned_host.make(plan_of(spawned_host, shared))


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc"])
def test_a_name_that_leads_elsewhere_is_refused(spawned_host: Host, shared: Path, name: str) -> None:
    with pytest.raises(EnvironmentUnavailable, match="is not a place to mount at"):
        spawned_host.make(plan_of(spawned_host, shared, name))


def test_what_is_no_directory_is_refused_and_leaves_nothing(spawned_host: Host, shared: Path) -> None:
    (shared / "file").touch()
    os.chown(shared / "file", OWNER, GROUP)
    for wrong in (shared / "file", shared / "missing"):
        with pytest.raises(EnvironmentUnavailable):
            spawned_host.make(plan_of(spawned_host, wrong))
    assert run(spawned_host, plan_of(spawned_host, shared), "print('still works')") == "still works\n"


def test_the_process_tier_cannot(process_host: Host, shared: Path) -> None:
    with pytest.raises(EnvironmentUnavailable, match="process tier"):
        process_host.make(plan_of(process_host, shared))
