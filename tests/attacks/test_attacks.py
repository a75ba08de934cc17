"""Attacks earn nothing beyond honest work, end in time, and leave nothing behind."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from autograder.observe import protocol
from autograder.observe.pipes import WALL
from autograder.observe.profiles import Profile
from tests.attacks.arena import SMALL, Arena, check_rendering
from tests.attacks.catalogue import PRELUDE, Attack, all_attacks
from tests.attacks.inside import LEAVE, SPY

LIMIT = 15.0  # seconds of CPU time that the grader itself may spend on an attack
FEW = 4  # attacks of each kind; the others under make proof and make attacks


def some_attacks() -> Iterator[Any]:
    """Every attack, those beyond the first few of a kind as slow tests."""
    seen: Counter[str] = Counter()
    for attack in all_attacks():
        seen[attack.kind] += 1
        marks = pytest.mark.slow if seen[attack.kind] > FEW else ()
        yield pytest.param(attack, id=f"{attack.kind}-{attack.id}", marks=marks)


@pytest.mark.parametrize("attack", list(some_attacks()))
def test_an_attack_gains_nothing(arena: Arena, attack: Attack) -> None:
    verdict = arena.fight(attack)
    (task,) = verdict.report.tasks
    said = [(c.check.id, c.message) for c in task.checks if c.message]
    assert task.status in ("graded", "missing"), said
    assert task.points is not None and task.points <= attack.honest, said
    assert "BREACH" not in str(said)
    assert verdict.busy < LIMIT
    assert verdict.sessions <= 2  # and each has an end
    assert (WALL in verdict.limits) == attack.waits, said
    assert not verdict.left
    check_rendering(verdict.report)
    if attack.after:
        found = arena.spy(attack)
        assert "BREACH" not in str(found)
    assert arena.reference().points == 10


def test_two_jobs_at_once_share_nothing(arena: Arena) -> None:
    """One job holds files, sockets and memory while another looks for them."""
    text = "import torch\n" + PRELUDE + LEAVE
    session = arena.workers.session(Profile(), {"left.py": text.encode()})
    try:
        answer = session.ask(protocol.Open("left", session.path("left.py")))
        assert isinstance(answer, protocol.Done), answer
        report = arena.spy(Attack("two", "state", "", after=SPY))
        assert "BREACH" not in str(report)
        assert session.alive
    finally:
        session.close()
    assert not arena.left()


def test_cpu_time_of_orphans_counts(arena: Arena) -> None:
    """Also where no other limit would end them."""
    (attack,) = (attack for attack in all_attacks() if attack.id == "orphans")
    verdict = arena.fight(attack, replace(SMALL, cpu_seconds=20))
    assert verdict.limits == {"total_seconds"}
    assert "BREACH" not in str(verdict.report)


@pytest.mark.parametrize("target", ["-1", "2"])
def test_a_cold_worker_that_is_killed_is_no_fault_of_the_grader(arena: Arena, target: str) -> None:
    """Where bubblewrap leaves no right to isolate jobs, a job can reach its parent."""
    text = f"try: os.kill({target}, 9)\nexcept OSError: pass\ntime.sleep(3600)"
    arena.workers._cold = True
    try:
        verdict = arena.fight(Attack("cold", "exits", "", text, waits=True))
    finally:
        arena.workers._cold = False
    assert verdict.report.points == 0
    assert not verdict.left


def test_the_catalogue_is_large() -> None:
    ids = [attack.id for attack in all_attacks()]
    assert len(ids) == len(set(ids)) >= 40
