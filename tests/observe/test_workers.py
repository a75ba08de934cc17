"""Where sessions come from: a pool that starts one ahead, and rooms of a shared worker."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from autograder.observe import protocol
from autograder.observe.pipes import PipeSession
from autograder.observe.profiles import Profile
from autograder.observe.protocol import Answer, Built, Description, Done, Fault
from autograder.observe.session import Pool, Session, SharedWorkers

SMALL, LARGE = Profile(), Profile(name="large")


class Idle(PipeSession):
    """A session without a process."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.files: list[str] = []
        self.closed = False

    def place(self, files: Mapping[str, bytes | Path]) -> None:
        if "bad" in files:
            raise OSError("no room")
        self.files += files

    def close(self) -> None:
        self.closed = True


class Recorded(Pool):
    """A pool that notes what it starts."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Idle] = []

    def start(self, profile: Profile) -> PipeSession:
        self.started.append(Idle(profile))
        return self.started[-1]


def test_one_session_is_started_ahead_and_handed_out() -> None:
    pool = Recorded()
    pool.expect([SMALL, LARGE, SMALL])
    assert [one.profile for one in pool.started] == [SMALL]
    first = pool.session(SMALL, {"a.py": b""})
    assert first is pool.started[0] and pool.started[0].files == ["a.py"]
    assert [one.profile for one in pool.started] == [SMALL, LARGE]
    pool.session(LARGE, {})
    pool.session(SMALL, {})
    assert len(pool.started) == 3, "nothing is started that nobody expects"
    pool.close()
    assert not any(one.closed for one in pool.started), "what was handed out is its owner's"


def test_a_session_of_another_profile_is_started_and_the_one_ahead_kept() -> None:
    pool = Recorded()
    pool.expect([SMALL])
    assert pool.session(LARGE, {}) is pool.started[1]
    assert pool.session(SMALL, {}) is pool.started[0]


def test_what_nobody_expects_any_more_is_ended() -> None:
    pool = Recorded()
    pool.expect([SMALL, LARGE])
    pool.expect([SMALL])
    assert len(pool.started) == 1, "the one ahead is what is expected now"
    pool.expect([])
    assert pool.started[0].closed


def test_a_session_that_takes_no_files_is_ended() -> None:
    pool = Recorded()
    with pytest.raises(OSError, match="no room"):
        pool.session(SMALL, {"bad": b""})
    assert pool.started[0].closed


BLOCK = b"""
from torch import nn
class Block(nn.Linear):
    def __init__(self): super().__init__(2, %d)
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[SharedWorkers]:
    workers = SharedWorkers(Profile())
    yield workers
    workers.close()


def built(room: Session) -> Answer:
    assert isinstance(room.ask(protocol.Open("task", room.path("block.py"))), Done)
    answer = room.ask(protocol.Build("task", "Block", {}))
    assert isinstance(answer, Built), answer
    return room.ask(protocol.Describe(answer.handle, []))


def test_rooms_of_one_worker_know_nothing_of_each_other(shared: SharedWorkers) -> None:
    """The same task and the same file name, and still another class."""
    rooms = [shared.session(Profile(), {"block.py": BLOCK % width}) for width in (3, 5)]
    shapes = []
    for room in rooms:
        found = built(room)
        assert isinstance(found, Description)
        shapes.append(found.weights[0].shape)
    assert shapes == [[3, 2], [5, 2]]
    for room in rooms:
        room.close()


def test_what_was_built_in_a_room_goes_with_it(shared: SharedWorkers) -> None:
    room = shared.session(Profile(), {"block.py": BLOCK % 3})
    room.ask(protocol.Open("task", room.path("block.py")))
    answer = room.ask(protocol.Build("task", "Block", {}))
    assert isinstance(answer, Built)
    room.close()
    assert room.alive
    gone = room.ask(protocol.Describe(answer.handle, []))
    assert isinstance(gone, Fault)


def test_a_worker_that_died_is_replaced(shared: SharedWorkers) -> None:
    room = shared.session(Profile(), {"dies.py": b"import os\nos._exit(3)\n"})
    assert isinstance(room.ask(protocol.Open("task", room.path("dies.py"))), Fault)
    assert not room.alive
    other = shared.session(Profile(), {"block.py": BLOCK % 4})
    assert isinstance(built(other), Description)
