"""Sandboxed sessions: a warm parent under bubblewrap, and a fresh isolated job for each session.

The trusted side. See zygote.py for the other one.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.errors import GraderFault, UsageError
from autograder.observe import protocol
from autograder.observe.pipes import PipeSession
from autograder.observe.profiles import SUBMISSION, WORK, Profile
from autograder.observe.protocol import Fault
from autograder.observe.session import Pool
from autograder.sandbox.bubblewrap import bubblewrap, refusal

START = 120.0  # seconds in which the warm parent must be ready
ANSWER = 60.0  # seconds in which it must start or end a job
ANSWER_ALONE = 10.0  # where the only job can stop it
# Imported once by the warm parent, where they are installed and allowed.
WARM = ("simpsons.run", "simpsons.data", "PIL.Image", "safetensors.torch")
CUDA_CALLS = ("memfd_create", "mmap")  # the driver shares memory with itself


class Warm:
    """One warm parent for one profile; makes jobs until it is closed.

    alone: for one job only, which gets the parent's own namespaces: where bubblewrap works but
    may not leave the right to make more.

    Raises:
        UsageError: this machine cannot isolate; the text says what to install or enable.
    """

    def __init__(self, profile: Profile, alone: bool = False) -> None:
        if sys.platform != "linux" or shutil.which("bwrap") is None:
            raise UsageError(refusal("bwrap: not found"))
        self.alone = alone
        self.exchange = Path(tempfile.mkdtemp(prefix="autograder-")).resolve()
        self._ready = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(START)
        self._asking = threading.Lock()
        with theirs:
            zygote = ["-B", "-m", "autograder.sandbox.zygote", str(theirs.fileno())]
            zygote += WARM if "simpsons" in profile.allowed else ()
            self._process = subprocess.Popen(
                bubblewrap(profile, self.exchange, alone, zygote),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until the warm parent has imported torch.

        Raises:
            UsageError: it could not be started here.
        """
        if self._ready:
            return
        try:
            self._ready = bool(self._control.recv(1 << 16))
        except OSError:
            self._ready = False
        if not self._ready:
            text = self._last_words()
            self.close()
            raise UsageError(refusal(text))

    def ask(self, request: Mapping[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """One request to the warm parent.

        Raises:
            GraderFault: it is gone.
        """
        self.wait()
        try:
            with self._asking:
                self._control.settimeout(ANSWER_ALONE if self.alone else ANSWER)
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
                answer = self._control.recv(1 << 16)
        except OSError as error:
            raise GraderFault(f"the warm worker does not answer: {error}") from None
        if not answer:
            raise GraderFault(f"the warm worker ended: {self._last_words()}")
        found: dict[str, Any] = json.loads(answer)
        return found

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _last_words(self) -> str:
        self._process.kill()
        _, text = self._process.communicate()
        return text.decode(errors="replace").strip()[-2000:]

    def close(self) -> None:
        """End the warm parent and every job of it."""
        self._control.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self.exchange, ignore_errors=True)


class WarmWorkers(Pool):
    """Sandboxed sessions: a warm parent for each set of allowed packages, started when needed.

    Where only cold ones are possible, each session has a parent of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parents: dict[tuple[object, ...], Warm] = {}
        self._cold = False

    def check(self) -> None:
        """Try whether this machine can isolate.

        Raises:
            UsageError: it cannot; the text says what to install or enable.
        """
        for cold in (False, True):
            self._cold = cold
            try:
                with contextlib.closing(self.session(Profile(), {})) as session:
                    answer = session.ask(protocol.Close(0))
                if isinstance(answer, protocol.Done):
                    return
            except (UsageError, GraderFault) as error:
                self.close()
                if cold or "is missing" in str(error):
                    raise UsageError(str(error)) from None
        raise UsageError(refusal(str(answer)))

    def start(self, profile: Profile) -> PipeSession:
        """A fresh job.

        Raises:
            UsageError: this machine cannot isolate.
        """
        if self._cold:
            alone = Warm(profile, alone=True)
            try:
                return SandboxedSession(alone, profile)
            except BaseException:
                alone.close()
                raise
        key = (profile.cuda, profile.allowed)
        parent = self._parents.get(key)
        if parent is None or not parent.alive:
            if parent is not None:
                parent.close()
            parent = self._parents[key] = Warm(profile)
        return SandboxedSession(parent, profile)

    def close(self) -> None:
        """End every warm parent and every job."""
        super().close()
        while self._parents:
            self._parents.popitem()[1].close()


class SandboxedSession(PipeSession):
    """A job of a warm parent: its files lie in the exchange, its processes in a sandbox."""

    warm = True

    def __init__(self, parent: Warm, profile: Profile) -> None:
        folder = parent.exchange
        if not parent.alone:
            folder /= secrets.token_hex(8)
            folder.mkdir()
        super().__init__(profile, folder)
        self.bound(profile)
        self._parent = parent
        self._how: Fault | None = None
        self._ending = threading.Lock()
        limits = asdict(profile)
        allowed = limits.pop("allowed")
        limits["calls"] = CUDA_CALLS if profile.cuda else ()
        request = {"job": folder.name, "allowed": allowed, "limits": limits, "alone": parent.alone}
        with contextlib.ExitStack() as undo:
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            ends = [os.pipe() for _ in range(3)]
            pipes = (
                os.fdopen(ends[0][1], "wb", buffering=0),
                os.fdopen(ends[1][0], "rb", buffering=0),
                os.fdopen(ends[2][0], "rb", buffering=0),
            )
            for pipe in pipes:
                undo.callback(pipe.close)
            theirs = [ends[0][0], ends[1][1], ends[2][1]]
            try:
                parent.ask(request, theirs)
            finally:
                for descriptor in theirs:
                    os.close(descriptor)
            undo.pop_all()
        self.talk_through(*pipes)

    def path(self, name: str) -> str:
        return f"{SUBMISSION}/{name}"

    def scratch(self, name: str) -> str:
        return f"{WORK}/{name}"

    def end(self, grace: float = 0) -> Fault:
        with self._ending:
            if self._how is None:
                self._how = Fault("died")  # whatever happens now: a job ends once
                try:
                    answer = self._parent.ask({"end": self.folder.name, "grace": grace}, [])
                    self._how = ended(str(answer["ended"]))
                except GraderFault:
                    if not self._parent.alone:
                        raise  # alone, its only job can reach it: no fault of ours
                finally:
                    if self._parent.alone:
                        self._parent.close()  # no namespace of its own ends with the job
        return self._how


def ended(how: str) -> Fault:
    """What the end of a job means for the check that was waiting.

    Raises:
        GraderFault: the job could not be made.
    """
    kind, _, what = how.partition(" ")
    if kind == "broke":
        raise GraderFault(f"a job could not be isolated: {what}")
    if kind == "limit":
        return Fault({"memory": "memory", "total_seconds": "timeout"}.get(what, "died"), what)
    if kind == "signal" and int(what) == signal.SIGXCPU:
        return Fault("timeout")
    return Fault("died", f"exit code {what}" if kind == "exit" else how)
