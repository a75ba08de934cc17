"""A seccomp filter: system calls that no task needs end with an error.

Runs inside the sandbox, standard library only. The namespaces keep student code from seeing
anything; this keeps it from asking the kernel for rare things, where kernels had their bugs, and
from kinds of memory that no limit counts. See seccomp(2) and the kernel's seccomp_filter.rst.
"""

import ctypes
import errno
import platform
import struct

# Numbers by machine: x86_64, aarch64. None: the machine does not have it.
CALLS: dict[str, tuple[int | None, int | None]] = {
    # Looking into other processes, and at the kernel.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272), "perf_event_open": (298, 241),
    "bpf": (321, 280), "userfaultfd": (323, 282), "syslog": (103, 116),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    # Other namespaces and file systems.
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "quotactl": (179, 60), "swapon": (167, 224),
    "fanotify_init": (300, 262),
    # Keys, modules, clocks, the machine.
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "acct": (163, 89), "personality": (135, 92), "iopl": (172, None), "ioperm": (173, None),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # Memory and messages that no limit counts.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "mlockall": (151, 230),
    # The turn of a process to run: the one that watches the job has the same user.
    "setpriority": (141, 140), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30),
}  # fmt: skip
# Refused for another process than the caller: the one that watches would fail.
OTHERS = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = {"x86_64": 435, "aarch64": 435}
SOCKET = {"x86_64": 41, "aarch64": 198}
MMAP = {"x86_64": 9, "aarch64": 222}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW… flag
AF_UNIX = 1
MAP_SHARED, MAP_ANONYMOUS, MAP_HUGETLB = 1, 0x20, 0x40000
X32 = 0x40000000

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, FOURTH_ARGUMENT = 0, 4, 16, 40  # in struct seccomp_data
PR_SET_SECCOMP, MODE_FILTER = 22, 2


def program(machine: str, allow: frozenset[str] = frozenset()) -> bytes:
    """The filter for a machine; allow: names of calls that pass all the same, "mmap" for memory
    that is shared and in no file: its pages stay, uncounted, when a process lets go of them.

    Calls are refused with EPERM, clone3 with ENOSYS (its flags cannot be seen; the C library
    then uses clone), calls of another architecture end the process.
    """
    refuse = 0x00050000 | errno.EPERM
    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":
        lines += [(JUMP_AT_LEAST, 0, 1, X32), (RETURN, 0, 0, KILL)]
    lines += [
        (JUMP_EQUAL, 0, 1, CLONE3[machine]),
        (RETURN, 0, 0, 0x00050000 | errno.ENOSYS),
        (JUMP_EQUAL, 0, 4, CLONE[machine]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_BITS, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
        (JUMP_EQUAL, 0, 4, SOCKET[machine]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_EQUAL, 1, 0, AF_UNIX),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
    ]
    if "mmap" not in allow:
        lines += [
            (JUMP_EQUAL, 0, 6, MMAP[machine]),
            (LOAD, 0, 0, FOURTH_ARGUMENT),
            (JUMP_BITS, 2, 0, MAP_HUGETLB),
            (JUMP_BITS, 0, 2, MAP_ANONYMOUS),
            (JUMP_BITS, 0, 1, MAP_SHARED),
            (RETURN, 0, 0, refuse),
            (RETURN, 0, 0, ALLOW),
        ]
    column = list(ARCHITECTURES).index(machine)
    for other in OTHERS.values():
        lines += [
            (JUMP_EQUAL, 0, 4, other[column]),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (JUMP_EQUAL, 1, 0, 0),
            (RETURN, 0, 0, refuse),
            (RETURN, 0, 0, ALLOW),
        ]
    for name, numbers in CALLS.items():
        number = numbers[column]
        if number is not None and name not in allow:
            lines += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, refuse)]
    lines.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def install(allow: frozenset[str] = frozenset()) -> None:
    """Filter this process and all it starts, for good; needs no_new_privs.

    Raises:
        OSError: the kernel refuses, or the machine is of another kind.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}")
    code = ctypes.create_string_buffer(program(machine, allow))
    count = (len(code) - 1) // 8
    header = struct.pack("@HxxxxxxQ", count, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
