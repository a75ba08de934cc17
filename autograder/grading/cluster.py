"""Many submissions on a Ray cluster: an actor for each job, which keeps its references warm.

Ray is an extra (pip install 'cnn-autograder[cluster]'). docs/cluster.md tells how to start one.
"""

import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from autograder.errors import GraderFault, UsageError
from autograder.grading.batch import Grader, Plan
from autograder.model import Report

KNOCK = 10.0  # seconds for the head node to answer
FAREWELL = 10.0  # seconds for the actors to end their workers


@dataclass
class Slot:
    """An actor and what it is doing: starting (number is None and not ready), or a submission."""

    actor: Any
    ready: bool = False
    number: int | None = None
    since: float = 0.0


class Cluster:
    """The engine of a cluster: at most plan.jobs actors, wherever there is room for them.

    An actor that is lost, with its node or alone, is replaced; its submission goes to another.
    """

    tries = 3

    def __init__(self, plan: Plan, address: str = "") -> None:
        self._plan = plan
        self._ray = _connect(plan, address)
        gpus = 1 if plan.device == "cuda" else 0
        have = self._ray.cluster_resources()
        if have.get("CPU", 0) < 1 or have.get("GPU", 0) < gpus:
            self._ray.shutdown()
            wanted = "1 CPU and 1 GPU" if gpus else "1 CPU"
            raise UsageError(f"the cluster offers no {wanted}; add a node, or use --device cpu")
        options = {"num_cpus": 1, "num_gpus": gpus, "scheduling_strategy": "SPREAD"}
        self._make = self._ray.remote(Grader).options(**options)
        self._doing: dict[Any, Slot] = {}  # what each reference waits for
        self._idle: list[Slot] = []
        self._misses = 0  # actors that did not start, since one last did
        for _ in range(plan.jobs):
            self._start()

    def _start(self) -> None:
        slot = Slot(self._make.remote(self._plan), since=time.monotonic())
        self._doing[slot.actor.__ray_ready__.remote()] = slot

    def idle(self) -> bool:
        return bool(self._idle)

    def begin(self, number: int, place: str) -> None:
        slot = self._idle.pop()
        slot.number, slot.since = number, time.monotonic()
        self._doing[slot.actor.grade.remote(place)] = slot

    def ended(self) -> tuple[int, Report | str] | None:
        overdue = min(slot.since for slot in self._doing.values()) + self._plan.patience
        timeout = max(0.1, overdue - time.monotonic())
        done, _ = self._ray.wait(list(self._doing), num_returns=1, timeout=timeout)
        if not done:
            return self._give_up_late()
        slot = self._doing.pop(done[0])
        try:
            answer = self._ray.get(done[0])
        except self._ray.exceptions.RayError as error:
            return self._lose(slot, f"{type(error).__name__}: {error}")
        self._idle.append(slot)
        self._misses = 0
        slot.ready = True
        if slot.number is None:
            return None
        number, slot.number = slot.number, None
        return number, answer

    def _give_up_late(self) -> tuple[int, Report | str] | None:
        """End an actor that works for too long; one that waits for room may wait on."""
        now = time.monotonic()
        for reference, slot in list(self._doing.items()):
            if now - slot.since < self._plan.patience:
                continue
            if slot.ready:
                del self._doing[reference]
                return self._lose(slot, f"not graded within {self._plan.patience:g} s")
            slot.since = now
            if not self._idle and not any(other.ready for other in self._doing.values()):
                raise GraderFault("no node of the cluster has room to grade")
        return None

    def _lose(self, slot: Slot, why: str) -> tuple[int, str] | None:
        """Replace an actor; says which submission it leaves behind."""
        self._ray.kill(slot.actor)
        if not slot.ready:
            self._misses += 1
            if self._misses > 3 * self._plan.jobs:
                raise GraderFault(f"no grader can be started on the cluster: {why}")
        self._start()
        return None if slot.number is None else (slot.number, f"the grader was lost: {why}")

    def close(self) -> None:
        slots = [*self._idle, *self._doing.values()]
        ends = [slot.actor.close.remote() for slot in self._idle]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=FAREWELL)
        for slot in slots:
            self._ray.kill(slot.actor)
        self._ray.shutdown()


def _connect(plan: Plan, address: str) -> Any:
    """Ray, connected to the cluster; without an address a local one is started.

    Raises:
        UsageError: Ray is not installed, or nothing answers there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise UsageError(
            "--engine ray: Ray is not installed; pip install 'cnn-autograder[cluster]', "
            "or use --engine local"
        ) from None
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address:
            _knock(address)
            ray.init(address=address, **quiet)
        else:
            ray.init(
                address="local",
                num_cpus=plan.jobs,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                **quiet,
            )
    except (OSError, RuntimeError, ValueError) as error:
        where = address or "a local cluster"
        raise UsageError(f"--engine ray: {where} cannot be reached: {error}") from None
    return ray


def _knock(address: str) -> None:
    """See that somebody listens: Ray itself would try for minutes.

    Raises:
        OSError: nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        with socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK):
            pass
