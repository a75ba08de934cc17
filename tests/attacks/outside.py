"""Attacks on what is around the worker: the machine's resources, its files, the sandbox."""

from tests.attacks.catalogue import Attack


def resource(id: str, why: str, text: str, waits: bool = False) -> Attack:
    return Attack(id, "resources", why, text, waits=waits)


RESOURCES = [
    resource("fork_bomb", "processes without end", r"""
while True:
    try: os.fork()
    except OSError: pass
"""),
    resource("thread_bomb", "threads without end, with small stacks", r"""
threading.stack_size(65536)
for number in range(500):
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
time.sleep(30)
breach(f"{number} threads")
"""),
    resource("malloc_bomb", "memory without end", "x = [bytearray(1 << 26) for _ in range(99)]"),
    resource("forked_memory", "a little memory in each of many processes", r"""
for _ in range(20):
    if os.fork() == 0:
        kept = b"x" * (200 << 20)
        time.sleep(3600)
time.sleep(3600)
"""),
    resource("shared_memory", "shared pages that no process has mapped any more", r"""
import mmap
def keep():
    kept = [mmap.mmap(-1, 1 << 24) for _ in range(4)]
    for one in kept:
        one[::4096] = b"x" * len(one[::4096])
        one.madvise(mmap.MADV_DONTNEED)
    return len(kept)
must_fail("uncounted shared memory", keep)
must_fail("/dev/zero", lambda: open("/dev/zero", "r+b"))
must_fail("System V memory", lambda: 1 / (libc.shmget(0, 1 << 24, 0o1600) + 1))
"""),
    resource("no_main_thread", "memory of a process whose first thread has ended", r"""
reading, writing = os.pipe()
if os.fork() == 0:
    def eat():
        while b") Z " not in open("/proc/self/stat", "rb").read(): time.sleep(0.01)
        kept = b"x" * (1 << 30)
        time.sleep(30)
        os.write(writing, b"ate")
        os._exit(0)
    threading.Thread(target=eat).start()
    libc.syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
os.close(writing)
if os.read(reading, 3): breach("a gigabyte that nobody counted")
"""),
    resource("page_tables", "a terabyte of pages that are only read", r"""
import mmap
def look():
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000
    place = mmap.mmap(-1, 1 << 40, flags=flags, prot=mmap.PROT_READ)
    return sum(place[i] for i in range(0, 1 << 36, 2 << 20))
must_fail("a terabyte", look)
"""),
    resource("full_disk", "files in every folder that takes some", r"""
written = 0
for folder in (WORK, "/dev/shm", "/tmp", "/autograder/submission", "/", "/dev", "/var/tmp"):
    try:
        with open(f"{folder}/fill", "wb") as file:
            for _ in range(64):
                file.write(bytes(1 << 20))
                file.flush()
                written += 1
    except OSError: pass
if written > 32: breach(f"{written} MiB written")
"""),
    resource("many_files", "files without end, in two folders", r"""
for number in range(60_000):
    open(f"{WORK}/{number}", "w").close()
breach("60000 files")
"""),
    resource("endless_output", "prints without end", 'while True: print("spam " * 1000)'),
    resource("open_files", "descriptors without end", r"""
found = [os.open("/dev/null", 0) for _ in range(1000)]
breach("1000 descriptors")
"""),
    resource("raised_limits", "raises its own limits", r"""
for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_AS):
    hard = resource.getrlimit(kind)[1]
    must_fail("a higher limit", lambda: resource.setrlimit(kind, (hard + 1, hard + 1)))
"""),
    resource("ignored_signal", "ignores SIGXCPU and loops", r"""
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while True: pass
"""),
    resource("caught_everything", "a loop that catches whatever ends it", r"""
while True:
    try:
        while True: pass
    except BaseException: pass
"""),
    resource("long_call", "one call of C that takes for ever", "x = 10 ** 10 ** 9"),
    resource("slow_answers", "sleeps a little less than the limit in every answer", r"""
def slow(*args):
    time.sleep(1.2)
    return 0.0
first_weight_gradient = first_weight_gradient_with_skip = gradient_norms = slow
class FourConvNet(nn.Conv2d):
    def __init__(self, connection="none"):
        slow()
        super().__init__(3, 6, 3, padding=1)
    def forward(self, x):
        slow()
        return super().forward(x)
""", waits=True),
    resource("orphans", "CPU time in children that nobody waits for", r"""
import subprocess
text = "import os, time\nif os.fork(): os._exit(0)\nwhile time.process_time() < 0.4: pass\n"
text += "open(f'/autograder/work/{os.getpid()}', 'w')"
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(20):
    subprocess.Popen([sys.executable, "-I", "-S", "-c", text])
    time.sleep(0.3)
while len(os.listdir(WORK)) < 20: time.sleep(0.1)
breach("8 s of CPU time that nobody counted")
"""),
    resource("daemon", "a daemon in its own session that survives", r"""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in descriptors(): os.close(number)
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(3600)
    os._exit(0)
"""),
    resource("deaf_watcher", "makes the process that watches fail or wait for its turn", r"""
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGSTOP, signal.SIGUSR1):
    os.kill(1, number)
must_fail("descriptors of pid 1", lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)))
must_fail("class of pid 1", lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
must_fail("priority of pid 1", lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
must_fail("cores of pid 1", lambda: os.sched_setaffinity(1, {0}))
"""),
]  # fmt: skip

READING = [
    Attack("course_files", "reading", "looks for solutions, checks, golden answers, truth", r"""
wanted = {"mutants.py", "task_run.py", "answers.py", "truth.csv", "course.toml", "answers.csv"}
for folder, folders, names in os.walk("/"):
    skipped = {"proc", "sys", "torch", "numpy", "scipy", "sympy", "share"}
    folders[:] = [name for name in folders if name not in skipped]
    for name in names:
        if name in wanted or name.endswith(".ag1.gz"): breach(f"{folder}/{name}")
"""),
    Attack("other_submissions", "reading", "looks for other submissions", r"""
for folder in ("/autograder/exchange", "/autograder/work", "/dev/shm"):
    if os.path.isdir(folder) and os.listdir(folder): breach(f"{folder}: {os.listdir(folder)}")
if os.listdir("/autograder/submission") != ["03_gradients"]: breach("more than its own files")
"""),
    Attack("parent_process", "reading", "descriptors, memory and folders of pid 1", r"""
for number in range(64):  # where the grader is root, their numbers can be listed, not more
    must_fail("descriptor", lambda: os.readlink(f"/proc/1/fd/{number}"))
    must_fail("descriptor", lambda: open(f"/proc/1/fd/{number}", "rb", 0))
    must_fail("descriptor", lambda: open(f"/proc/1/fd/{number}", "wb", 0))
def mapped(folder="/proc/1/map_files"):
    return os.readlink(f"{folder}/{os.listdir(folder)[0]}")
must_fail("map_files", mapped)
for what in ("mem", "environ", "maps", "auxv", "pagemap", "syscall", "stack"):
    must_fail(what, lambda: open(f"/proc/1/{what}", "rb").read(1))
for what in ("root", "cwd", "exe", "ns/pid", "ns/mnt"):
    must_fail(what, lambda: os.readlink(f"/proc/1/{what}"))
"""),
    Attack("environment", "reading", "the course key in the environment", r"""
everything = str(os.environ) + open("/proc/self/environ").read()
for word in ("AUTOGRADER", "KEY", "TOKEN", "SECRET", "GITHUB", "PATH=/root"):
    if word in everything: breach(everything)
"""),
    Attack("descriptors", "reading", "descriptors that came from the grader", r"""
for number in os.listdir("/proc/self/fd"):
    try: link = os.readlink(f"/proc/self/fd/{number}")
    except OSError: continue
    if not link.startswith(("pipe:", "/dev/null", "/proc/")): breach(link)
"""),
    Attack("processes", "reading", "other processes of the machine", r"""
found = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {1, os.getpid()}
if found: breach(found)
"""),
    Attack("machine_files", "reading", "files of the machine", r"""
for place in ("/etc/passwd", "/etc/shadow", "/etc/ssh", "/var", "/run", "/boot", "/sys/fs",
              "/sys/kernel/debug", "/sys/kernel/security", "/usr/bin/su", "/usr/bin/bwrap"):
    if os.path.exists(place): breach(place)
"""),
    Attack("kernel_memory", "reading", "memory of the kernel and raw disks", r"""
for place in ("/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/port"):
    must_fail(place, lambda: open(place, "rb").read(1))
for number in range(8):
    path = f"{WORK}/disk{number}"
    def raw():
        os.mknod(path, 0o60600, os.makedev((8, 259, 254, 253)[number % 4], number // 4))
        return os.open(path, 0)
    must_fail("a raw disk", raw)
"""),
]  # fmt: skip

ESCAPE = [
    Attack("refused_calls", "escape", "unshare, mount, ptrace, bpf, keyctl and others", r"""
calls = sys.modules["autograder.sandbox.seccomp"].CALLS
column = ("x86_64", "aarch64").index(os.uname().machine)
for name, numbers in calls.items():
    number = numbers[column]
    if number is not None and (libc.syscall(number, -1, 0, 0, 0, 0, 0) != -1
                               or ctypes.get_errno() != 1):
        breach(f"{name}: {ctypes.get_errno()}")
"""),
    Attack("namespaces", "escape", "new namespaces, by clone and clone3", r"""
clone = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
    found = libc.syscall(clone, flag | signal.SIGCHLD, 0, 0, 0, 0)
    if found == 0: os._exit(0)
    if found > 0: breach(f"clone {flag:x}")
size = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
found = libc.syscall(435, size, ctypes.sizeof(size))
if found == 0: os._exit(0)
if found > 0: breach("clone3")
"""),
    Attack("mounts", "escape", "mounts, and files under the read-only ones", r"""
must_fail("mount", lambda: 1 / (1 + libc.mount(b"none", b"/autograder/work", b"tmpfs", 0, b"")))
must_fail("remount", lambda: 1 / (1 + libc.mount(b"none", b"/", b"", 4128, b"")))
must_fail("umount", lambda: 1 / (1 + libc.umount2(b"/autograder/exchange", 2)))
must_fail("chroot", lambda: os.chroot(WORK))
for place in (__file__, torch.__file__, os.__file__, "/x", "/dev/x", "/autograder/x", "/tmp/x",
              "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
              "/proc/self/oom_score_adj", "/proc/sysrq-trigger", "/proc/1/oom_score_adj",
              "/proc/self/uid_map", "/sys/devices/system/cpu/cpu0/online"):
    must_fail(place, lambda: open(place, "a"))
"""),
    Attack("privileges", "escape", "becoming somebody else", r"""
must_fail("setuid", lambda: os.setuid(0))
must_fail("setgroups", lambda: os.setgroups([0]))
must_fail("nice", lambda: os.nice(-5))
for line in open("/proc/self/status"):
    name, _, value = line.partition(":")
    if name in ("CapInh", "CapPrm", "CapEff", "CapAmb") and int(value, 16): breach(line)
    if name == "NoNewPrivs" and int(value) != 1: breach(line)
    if name == "Seccomp" and int(value) != 2: breach(line)
"""),
    Attack("network", "escape", "sockets of every kind but unix ones", r"""
for family in range(45):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        if family != socket.AF_UNIX:
            must_fail(f"family {family}", lambda: socket.socket(family, kind))
"""),
    Attack("other_numbers", "escape", "the same calls by their other numbers", r"""
if os.uname().machine == "x86_64":
    libc.syscall(0x40000000 | 39)
    breach("x32")
"""),
]  # fmt: skip

ATTACKS = [*RESOURCES, *READING, *ESCAPE]
