"""What a worker may see and use. docs/limits.md tells the reasons; a test keeps it true."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Profile:
    """What a worker may use.

    allowed: packages student code may import beyond the standard library, torch and numpy.
    cpu_seconds: CPU time of one request; wall time is wall_factor times that, because a busy
    machine is not the student's fault. total_seconds: CPU time of all processes of a job.
    memory: bytes of all its processes; data: bytes of data segment of each, 0 for no limit.
    disk: bytes of each folder it may write, in memory. printed: bytes of output; more ends it.
    """

    name: str = "cpu"
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
