"""What a worker may see and use. docs/limits.md tells the reasons; a test keeps it true."""

from dataclasses import dataclass, replace

MIB = 1 << 20

# A name of our own: the interpreter may lie anywhere else, even below /tmp or /work.
EXCHANGE = "/autograder/exchange"  # every job's folder of files, as the warm parent sees them
SUBMISSION = "/autograder/submission"  # the job's own, as the job sees them: read-only
WORK = "/autograder/work"  # where the job may write, in memory
WRITABLE = (WORK, "/dev/shm")  # noqa: S108  # each job's own

# Large blocks are kept for the next use, and in large pages: a network needs them again.
MALLOC = ("hugetlb=1", "mmap_threshold=1073741824", "trim_threshold=4294967296")

# The environment of every worker, beside its folders.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TORCHDYNAMO_DISABLE": "1",  # compiled code runs as it is written
    "NVIDIA_TF32_OVERRIDE": "0",  # else a GPU computes float32 with ten bits
    "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{setting}" for setting in MALLOC),
}


@dataclass(frozen=True)
class Profile:
    """What a worker may use; name tells it in reports and documents.

    cuda: the devices of NVIDIA are there. allowed: packages student code may import beyond the
    standard library, torch and numpy. cpu_seconds: CPU time of one request; wall time
    is wall_factor times that, because a busy machine is not the student's fault. total_seconds:
    CPU time of all processes of a job. memory: bytes of all its processes; data: bytes of data
    segment of each, 0 for no limit. disk: bytes of each folder it may write, in memory.
    printed: bytes of output; more ends it.
    """

    name: str = "cpu"
    cuda: bool = False
    allowed: tuple[str, ...] = ()
    cpu_seconds: float = 15.0
    wall_factor: float = 5.0
    total_seconds: float = 120.0
    memory: int = 3072 * MIB
    data: int = 6144 * MIB
    processes: int = 64
    files: int = 256
    disk: int = 256 * MIB
    printed: int = 64 * MIB


def profile_for(profile: Profile, packages: tuple[str, ...], device: str) -> Profile:
    """The profile with what a task may use beyond it, on its device."""
    if packages:
        profile = replace(
            profile,
            name="homework",
            allowed=packages,
            cpu_seconds=4 * profile.cpu_seconds,
            total_seconds=4 * profile.total_seconds,
        )
    if device != "cpu":
        # CUDA maps far more address space than it uses: only what is used counts.
        profile = replace(
            profile, name=f"{profile.name}, cuda", cuda=True, data=0, memory=8192 * MIB
        )
    return profile
