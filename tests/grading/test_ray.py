"""``--engine ray``: the points of a local run, also when a node of the cluster goes down."""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.cli.main import main
from tests.conftest import HANG, ROOT, until
from tests.helpers.drawn import run_command

RAY = Path(sys.executable).with_name("ray")
WORDS = ["--task", "gradients", "--sandbox", "none", "--device", "cpu", "--lang", "en"]
GOOD = (ROOT / "solutions" / "03_gradients" / "gradients.py").read_bytes()
# Every node and the batch must know one token.
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
ENVIRONMENT = os.environ | TOKEN | {"RAY_USAGE_STATS_ENABLED": "0", "AUTOGRADER_KEY": "secret"}

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None or not RAY.exists(),
    reason="Ray is not installed: pip install 'cnn-autograder[cluster]'",
)


def put(folder: Path, content: bytes) -> str:
    (folder / "03_gradients").mkdir(parents=True)
    (folder / "03_gradients" / "gradients.py").write_bytes(content)
    return str(folder)


def start(*words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [str(word) for word in words],
        cwd=ROOT,
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def grade(places: list[str], out: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "autograder.cli", "grade", *places, "--out", str(out), *WORDS, *more,
    ]  # fmt: skip


def end(node: subprocess.Popen) -> None:
    """Switch a node off: everything in its process group."""
    os.killpg(node.pid, signal.SIGKILL)
    node.wait()


def processes_of(node: subprocess.Popen) -> str:
    words = ["ps", "-o", "args=", "--no-headers", "-g", str(node.pid)]
    return subprocess.run(words, capture_output=True, text=True).stdout


def graders_of(node: subprocess.Popen) -> int:
    """How many actors of ours a node runs."""
    return processes_of(node).count("ray::Grader")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """Two nodes of one core on this machine: the address, and the node that can be switched off."""
    scratch = tempfile.mkdtemp(prefix="ray-")  # short: paths of sockets are
    common = ["--num-cpus=1", "--node-ip-address=127.0.0.1", "--disable-usage-stats", "--block"]
    head = start(
        str(RAY), "start", "--head", "--port=0", "--include-dashboard=false",
        f"--temp-dir={scratch}", *common,
    )  # fmt: skip
    nodes = [head]
    try:
        until(lambda: "/raylet " in processes_of(head) or head.poll() is not None)
        (port,) = Path(scratch).glob("session_latest/gcs_server_port_*")
        address = f"127.0.0.1:{port.read_text()}"
        nodes.append(start(str(RAY), "start", f"--address={address}", *common))
        until(lambda: "/raylet " in processes_of(nodes[1]) or nodes[1].poll() is not None)
        yield address, nodes[1]
    finally:
        for node in nodes:
            if node.poll() is None:
                end(node)
        shutil.rmtree(scratch, ignore_errors=True)


@needs_ray
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="switches a node off through its group")
def test_a_node_goes_down_and_every_submission_gets_its_points(
    cluster: tuple[str, subprocess.Popen], tmp_path: Path
) -> None:
    address, node = cluster
    texts = [b"def f(:\n", GOOD, GOOD.replace(b"third = first + third", b"pass"), b"x = (\n"]
    texts += [GOOD + b"# %d\n" % i for i in range(4)]
    held = tmp_path / "held"  # until it is gone the last one is being judged
    held.touch()
    wait = f"import os, time\nwhile os.path.exists({str(held)!r}): time.sleep(0.01)\n"
    texts.append(wait.encode() + GOOD)
    places = [put(tmp_path / "class" / f"s{i}", text) for i, text in enumerate(texts)]
    out, local = tmp_path / "out", tmp_path / "local"
    words = ["--engine", "ray", "--ray-address", address, "--jobs", "2"]
    batch = start(*grade(places, out, *words))
    until(lambda: (graders_of(node) and list(out.glob("s*.json"))) or batch.poll() is not None)
    assert graders_of(node) == 1
    end(node)
    held.unlink()
    assert batch.wait(HANG) == 0
    subprocess.run(grade(places, local), cwd=ROOT, env=ENVIRONMENT, check=True, timeout=HANG)
    rows = (out / "grades.csv").read_text(encoding="utf-8")
    assert rows == (local / "grades.csv").read_text(encoding="utf-8")


@needs_ray
def test_nobody_at_the_address_ends_with_2(tmp_path: Path) -> None:
    place = put(tmp_path / "s", b"def f(:\n")
    words = ["--engine", "ray", "--ray-address", "127.0.0.1:1"]
    done = subprocess.run(
        grade([place], tmp_path / "out", *words),
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert done.returncode == 2, done.stderr
    assert "127.0.0.1:1 cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_ray_there_is_a_remedy(tmp_path: Path) -> None:
    place = put(tmp_path / "s", b"def f(:\n")
    code = (
        "import sys; sys.modules['ray'] = None; sys.argv[0] = 'autograder';"
        "from autograder.cli.main import main; main()"
    )
    words = [sys.executable, "-c", code, *grade([place], tmp_path / "out")[3:], "--engine", "ray"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 2, done.stderr
    assert "pip install 'cnn-autograder[cluster]'" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ray-address", "127.0.0.1:1"], "add it"),
        (["--out", "s3://bucket/out"], "give a folder"),
    ],
)
def test_misuse_ends_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(ROOT)
    place = put(tmp_path / "s", b"def f(:\n")
    assert run_command(main, *grade([place], tmp_path / "out", *words)[3:]) == 2
    assert message in capsys.readouterr().err


def test_a_url_is_fetched_within_limits(tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    from autograder.submission.fetching import at_hand, look
    from autograder.submission.task_files import read_submission

    files = MemoryFileSystem()
    files.pipe("/class/Ann/03_gradients/gradients.py", GOOD)
    files.pipe("/class/Ann/03_gradients/notes.txt", b"no")
    files.pipe("/class/Ann/06_simpsons/train.py", b"#" * (600 << 10))
    files.pipe("/class/Ann/06_simpsons/submission.csv", b"Id,Expected\n")
    files.pipe("/class/Ann/06_simpsons/run/config.json", b"{}")
    files.pipe("/class/Ann/06_simpsons/run/other.bin", b"no")
    look("memory://class/Ann")
    with at_hand("memory://class/Ann") as folder:
        assert folder.name == "Ann"
        found = {files.task.name: files for files in read_submission(folder)}
        assert found["gradients"].files == {"gradients.py": GOOD}
        assert found["vgg"].problem == "missing"
        assert "train.py" not in found["simpsons"].files
        names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert names == {
            "03_gradients/gradients.py",
            "06_simpsons/train.py",
            "06_simpsons/submission.csv",
            "06_simpsons/run/config.json",
        }
    assert not folder.exists()


def test_the_url_of_a_file_is_a_folder_here_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "s" / "03_gradients"
    folder.mkdir(parents=True)
    (folder / "gradients.py").symlink_to(ROOT / "solutions" / "03_gradients" / "gradients.py")
    out = tmp_path / "out"
    command = grade([(tmp_path / "s").as_uri()], out)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "s.json").read_text(encoding="utf-8"))
    assert report["points"] == 0
    assert report["tasks"][0]["checks"][0]["message_id"] == "file.link"


@pytest.mark.parametrize(
    ("place", "message"),
    [("nosuch://bucket/Ann", "nosuch"), ("memory://nowhere/Ann", "no task found there")],
)
def test_a_url_that_cannot_be_read_ends_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
    message: str,
) -> None:
    monkeypatch.chdir(ROOT)
    assert run_command(main, *grade([place], tmp_path / "out")[3:]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told
