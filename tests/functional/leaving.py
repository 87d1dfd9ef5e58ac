"""Functions that leave things behind wherever they can, and functions that look for them."""

from __future__ import annotations

SEEK = r'''
import ctypes, gc, hashlib, os, random, re, resource, signal, socket, ssl, sys, tempfile, threading, time, uuid

def in_memory(prefix, digests, size):
    """Which of the digests belong to something in this process's memory; and how many bytes were read."""
    found, total = set(), 0
    start_of = re.compile(re.escape(prefix.encode()))
    with open("/proc/self/maps") as file:
        regions = file.read().splitlines()
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    for region in regions:
        place, rights = region.split()[:2]
        if "r" not in rights or "[v" in region:
            continue
        start, end = (int(edge, 16) for edge in place.split("-"))
        data = b""
        while start + len(data) < end:
            try:
                more = os.pread(memory, end - start - len(data), start + len(data))
            except OSError:
                break
            if not more:
                break
            data += more
        total += len(data)
        for match in start_of.finditer(data):
            digest = hashlib.sha256(data[match.start():match.start() + size]).hexdigest()
            if digest in digests:
                found.add(digest)
    os.close(memory)
    return sorted(found), total

def listing(directory):
    try:
        return sorted(os.listdir(directory))
    except OSError as error:
        return type(error).__name__

def text(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        return type(error).__name__

def random_things():
    return {
        "random": random.random(), "urandom": os.urandom(8).hex(), "uuid4": str(uuid.uuid4()),
        "ssl": ssl.RAND_bytes(8).hex(), "tempfile": next(tempfile._get_candidate_names()),
        "system random": random.SystemRandom().random(), "uuid1": str(uuid.uuid1()),
    }

def left():
    """Where things of others could be found."""
    mounts = [line.split() for line in text("/proc/self/mountinfo").splitlines()]
    return {
        "tmp": listing("/tmp"), "shm": listing("/dev/shm"), "var_task": listing("/var/task"),
        "opt": listing("/opt"),
        "ipc": {kind: len(text("/proc/sysvipc/" + kind).splitlines()) for kind in ("shm", "msg", "sem")},
        "abstract": [line.split()[-1] for line in text("/proc/net/unix").splitlines() if "@" in line],
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "mounts": sorted(mount[4] for mount in mounts),
        "environ": sorted(os.environ),
        "own environ": sorted(one.partition("=")[0] for one in text("/proc/self/environ").split("\0") if one),
        "others' environ": text("/proc/1/environ"),
        "all text": repr([sorted(os.environ.items()), text("/proc/self/environ"), text("/proc/self/mountinfo"),
                          text("/proc/self/cmdline"), text("/proc/1/cmdline")]),
    }

def namespaces():
    return {name: os.readlink("/proc/self/ns/" + name) for name in ("ipc", "mnt", "net", "pid", "user", "uts")}

def what_it_is():
    """All that could differ between a process that was forked and one that was executed."""
    status = dict(line.split(":\t") for line in text("/proc/self/status").splitlines() if ":\t" in line)
    return {
        "modules": MODULES, "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path,
        "flags": list(map(str, sys.flags)), "executable": [sys.executable, sys.prefix, sys.exec_prefix],
        "xoptions": repr(sys._xoptions), "main": sorted(vars(sys.modules["__main__"])),
        "main file": vars(sys.modules["__main__"]).get("__file__"),
        "descriptors": [(int(one), os.readlink("/proc/self/fd/" + one).split(":")[0])
                        for one in listing("/proc/self/fd") if os.path.exists("/proc/self/fd/" + one)
                        or int(one) < 5],
        "status": {key: status.get(key) for key in (
            "Name", "Umask", "Pid", "PPid", "TracerPid", "Uid", "Gid", "Groups", "Threads", "SigBlk", "SigIgn",
            "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
            "Seccomp_filters")},
        "ids": [os.getpid(), os.getppid(), os.getsid(0), os.getpgid(0), os.nice(0)],
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource)
                   if name.startswith("RLIMIT_")},
        "cwd": os.getcwd(), "root": listing("/"), "cmdline": text("/proc/self/cmdline").rstrip("\0"),
        "exe": os.readlink("/proc/self/exe"), "oom": text("/proc/self/oom_score_adj"),
        "environ": {name: value for name, value in os.environ.items()
                    if not re.search("KEY|TOKEN|STREAM|FUNCTION_NAME|TRACE|LOG_GROUP", name)},
        "gc": [gc.isenabled(), gc.get_threshold()], "recursion": sys.getrecursionlimit(),
        "threads": [one.name for one in threading.enumerate()], "zone": [time.tzname, time.timezone],
        "encodings": [sys.getfilesystemencoding(), sys.stdout.encoding, sys.stdout.errors,
                      sys.stdout.line_buffering, sys.stdout.write_through],
        "signals": {one.name: str(signal.getsignal(one)) for one in signal.valid_signals()
                    if isinstance(one, signal.Signals)},
        "meta path": [name for name in (getattr(one, "__name__", type(one).__name__) for one in sys.meta_path)
                      if name != "PreloadedFinder"],  # finds the standard library's modules
        "main thread": [threading.main_thread() is threading.current_thread(),
                        threading.main_thread().ident == threading.get_ident(),
                        threading.main_thread().native_id == threading.get_native_id() == os.getpid()],
        "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__],
        "dumpable": text("/proc/self/environ") != "PermissionError",
    }
'''

SEEKER = (
    "import sys\nMODULES = sorted(sys.modules)\n"
    + SEEK
    + r"""
def handler(event, context):
    found, total = in_memory(event["prefix"], event["digests"], event["size"])
    return {"found": found, "bytes": total, "left": left(), "namespaces": namespaces(),
            "random": random_things(), "hash": hash("of a text"), "is": what_it_is(),
            "addresses": [id(None), id(sys)]}
"""
)

LEAVER = (
    "import sys\nMODULES = sorted(sys.modules)\n"
    + SEEK
    + r"""
import subprocess
IN_CODE = %r
child = subprocess.Popen(["/bin/sleep", "1000"])
held = socket.socket(socket.AF_UNIX)
held.bind("\0left behind")
libc = ctypes.CDLL(None, use_errno=True)

def handler(event, context):
    os.environ["LEFT_BEHIND"] = event["secret"]
    for directory in ("/tmp", "/dev/shm"):
        try:
            with open(directory + "/left", "w") as file:
                file.write(event["secret"])
        except OSError:
            pass
    shared = [libc.shmget(4711, 4096, 0o1666), libc.msgget(4711, 0o1666), libc.semget(4711, 1, 0o1666)]
    found, total = in_memory(event["prefix"], event["digests"], event["size"])
    print(event["secret"])
    return {"found": found, "bytes": total, "left": left(), "namespaces": namespaces(), "shared": shared}
"""
)
