"""Collecting real repositories: which commit counts, what of it, and what is said of the others."""

import csv
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.classroom.collect.collecting import Source, collect
from autograder.classroom.collect.git import GitError, Mirror, check_url
from autograder.classroom.gradebook.policy import Extension, Policy
from autograder.classroom.gradebook.verdicts import read_times
from autograder.cli.main import app
from autograder.course.roster import Student
from autograder.errors import UsageError
from autograder.submission.collected import read_collected
from tests.conftest import ROOT
from tests.helpers.organisation import DAY, DUE, HOUR, POLICY, VGG, Class, Repository


@pytest.fixture
def group(tmp_path: Path) -> Class:
    return Class(tmp_path)


def test_everybody_is_taken_at_the_own_deadline(group: Class) -> None:
    early = group.student("early")
    kept = early.commit({VGG: "in time"})
    early.commit({VGG: "late"}, DUE + HOUR)
    group.student("extended", extra_days="1").commit({VGG: "a day later"}, DUE + 20 * HOUR)
    group.student("tardy").commit({VGG: "late"}, DUE + HOUR)
    group.student("empty")
    group.student("elsewhere", branch="trunk").commit({VGG: "x"})
    group.students["lost"] = Student("lost", github="lost")
    group.students["nameless"] = Student("nameless")
    found = group.collect()
    assert {name: one.state for name, one in found.items()} == {
        "early": "ok",
        "extended": "ok",
        "tardy": "nothing in time",
        "empty": "empty",
        "elsewhere": "no branch",
        "lost": "no repository",
        "nameless": "no github name",
    }
    assert {name for name, one in found.items() if one.failed} == {"lost", "nameless"}
    assert (group.text("early"), group.text("extended")) == ("in time", "a day later")
    assert sorted(p.name for p in (group.out / "submissions").iterdir()) == ["early", "extended"]
    record = json.loads((group.out / "collected.json").read_text())["students"]["early"]
    assert record["tasks"]["vgg"]["commit"] == kept
    assert record["tasks"]["vgg"]["deadline"] == DUE.isoformat()
    assert "trunk" in found["elsewhere"].notes[0]
    rows = list(csv.DictReader((group.out / "collected.csv").read_text().splitlines()))
    assert {row["student_id"] for row in rows} == set(group.students)
    times = read_times(group.out / "submitted.csv")
    assert times == {"early": {"vgg": DUE - HOUR}, "extended": {"vgg": DUE + 20 * HOUR}}


def test_tasks_with_deadlines_of_their_own_come_from_commits_of_their_own(group: Class) -> None:
    group.policy = Policy(
        deadlines={"alexnet": DUE, "vgg": DUE + DAY},
        extensions=(Extension("ann", "alexnet", DUE + 2 * HOUR),),
    )
    ann, bob = group.student("ann"), group.student("bob")
    for one in (ann, bob):
        one.commit({"01_alexnet/alexnet.py": "1", VGG: "1", "04_resnet/resnet.py": "1"})
        one.commit({"01_alexnet/alexnet.py": "2", VGG: "2"}, DUE + HOUR)
        one.commit({"01_alexnet/alexnet.py": "3", VGG: "3"}, DUE + 3 * HOUR)
        one.commit({VGG: "4", "04_resnet/resnet.py": "4"}, DUE + 2 * DAY)
    group.collect(DUE + 3 * DAY)
    alexnet = "01_alexnet/alexnet.py"
    assert [group.text(n, alexnet) for n in ("ann", "bob")] == ["2", "1"]
    assert [group.text("bob", p) for p in (VGG, "04_resnet/resnet.py")] == ["3", "4"]


def test_late_work_costs_only_the_tasks_that_changed(group: Class) -> None:
    ann = group.student("ann")
    ann.commit({"01_alexnet/alexnet.py": "1", VGG: "1"})
    ann.commit({VGG: "2"}, DUE + 30 * HOUR)
    found = group.collect(DUE + 2 * DAY, late=True)["ann"]
    assert (found.state, group.text("ann")) == ("late", "2")
    times = read_times(group.out / "submitted.csv")["ann"]
    assert times == {"alexnet": DUE - HOUR, "vgg": DUE + 30 * HOUR}
    assert group.collect(DUE + 2 * DAY)["ann"].state == "ok"
    assert group.text("ann") == "1"


def test_what_was_seen_after_the_deadline_is_final(group: Class) -> None:
    """A commit that is dated before the deadline, but was not there after it, does not count."""
    ann = group.student("ann")
    ann.commit({VGG: "honest"})
    group.collect(DUE + HOUR)
    forged = ann.commit({VGG: "forged"}, DUE - HOUR / 2)
    found = group.collect(DUE + DAY)["ann"]
    assert group.text("ann") == "honest"
    assert any(note.startswith(f"backdated: {forged[:12]}") for note in found.notes)
    late = group.collect(DUE + DAY, late=True)["ann"].tasks["vgg"]
    assert late.changed and late.changed.at == DUE + HOUR and late.late  # no earlier than that run


def test_a_clock_that_is_wrong_harms_nobody_who_was_seen_in_time(group: Class) -> None:
    group.student("ann").commit({VGG: "in time"}, DUE + 400 * DAY)
    group.collect(DUE - HOUR)
    assert group.collect(DUE + DAY)["ann"].state == "ok"
    assert group.text("ann") == "in time"
    assert read_times(group.out / "submitted.csv")["ann"]["vgg"] == DUE - HOUR


def test_dates_that_go_backwards_are_told(group: Class) -> None:
    ann = group.student("ann")
    ann.commit({VGG: "late"}, DUE + HOUR)
    ann.commit({VGG: "forged"})
    assert "a commit is dated before its own parent" in group.collect()["ann"].notes


def test_a_rewritten_history_loses_nothing(group: Class) -> None:
    ann = group.student("ann")
    first = ann.commit({VGG: "first"})
    group.collect(DUE - HOUR / 2)
    ann.git("checkout", "-q", "--orphan", "other")
    ann.commit({VGG: "after the deadline"}, DUE + HOUR)
    found = group.collect(DUE + DAY)["ann"]
    assert group.text("ann") == "first"
    assert any(note.startswith("force-pushed") and first[:12] in note for note in found.notes)
    ann.commit({VGG: "again"}, DUE - HOUR / 4)
    mirror = group.out / "mirrors" / "ann.git"
    subprocess.run(["git", "--git-dir", str(mirror), "gc", "-q", "--prune=now"], check=True)
    group.collect(DUE + 2 * DAY)
    assert group.text("ann") == "first"


@pytest.mark.parametrize("gone", ["branch", "repository"])
def test_what_was_collected_stays_when_it_is_deleted(group: Class, gone: str) -> None:
    ann = group.student("ann")
    ann.commit({VGG: "kept"})
    group.collect(DUE - HOUR)
    if gone == "branch":
        ann.git("-C", str(ann.bare), "update-ref", "-d", "refs/heads/main")
    else:
        ann.bare.rename(ann.bare.with_name("away"))
    found = group.collect(DUE + DAY)["ann"]
    assert group.text("ann") == "kept"
    assert found.tasks and any("is kept" in note for note in found.notes)
    assert found.failed == (gone == "repository")


def test_an_unreachable_server_loses_nothing_and_is_told(group: Class) -> None:
    group.student("ann").commit({VGG: "kept"})
    group.collect(DUE - HOUR)
    source = Source("https://127.0.0.1:9/{github}", pauses=(0.0,))
    [found] = collect([group.students["ann"]], POLICY, source, group.out, 1, DUE + DAY)
    assert (found.state, found.failed) == ("network failure", True)
    assert group.text("ann") == "kept"
    assert group.collect(DUE + DAY)["ann"].state == "ok"  # it goes on
    [found] = collect([group.students["ann"]], POLICY, source, group.out, 1, DUE + DAY)
    assert found.state == "ok"  # decided: what came later could not count


def test_a_server_that_fails_now_and_then_is_asked_again(
    group: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    heads = Mirror.remote_heads

    def flaky(mirror: Mirror) -> dict[str, str]:
        asked.append(1)
        if len(asked) < 3:
            raise GitError("network", "the server hung up")
        return heads(mirror)

    monkeypatch.setattr(Mirror, "remote_heads", flaky)
    group.student("ann").commit({VGG: "x"})
    source = Source(group.url, pauses=(0.0, 0.0))
    [found] = collect([group.students["ann"]], POLICY, source, group.out, 1, DUE + DAY)
    assert (found.state, found.notes, len(asked)) == ("ok", [], 3)


def test_a_server_that_says_nothing_is_given_up(group: Class) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/{{github}}"
        source = Source(url, seconds=0.6, pauses=())
        [found] = collect([Student("ann", github="ann")], POLICY, source, group.out, 1)
    assert (found.state, found.failed) == ("too slow", True)


def test_a_repository_without_end_is_given_up(
    group: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.classroom.collect.git.MAX_MIRROR", 10)
    monkeypatch.setattr("autograder.classroom.collect.git.LOOK", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = Source(f"https://127.0.0.1:{server.getsockname()[1]}/{{github}}", pauses=())
        [found] = collect([Student("ann", github="ann")], POLICY, source, group.out, 1)
    assert (found.state, found.failed) == ("too large", True)


def test_what_a_killed_git_left_behind_is_in_nobodys_way(group: Class) -> None:
    ann = group.student("ann")
    ann.commit({VGG: "1"})
    group.collect(DUE - 2 * HOUR)
    mirror = group.out / "mirrors" / "ann.git"
    for name in ("packed-refs.lock", "refs/collected/now.lock", "objects/pack/tmp_pack_x"):
        (mirror / name).parent.mkdir(parents=True, exist_ok=True)
        (mirror / name).write_bytes(b"")
        os.utime(mirror / name, (0, 0))
    ann.commit({VGG: "2"})
    assert group.collect(DUE - HOUR / 2)["ann"].state == "ok"
    assert group.text("ann") == "2"


def _link(repository: Repository) -> None:
    (repository.work / "02_vgg").mkdir()
    (repository.work / VGG).symlink_to("/etc/passwd")


def _submodule(repository: Repository) -> None:
    other = repository.work.parent / "other"
    other.mkdir()
    repository.git("init", "-q", str(other))
    repository.git("-C", str(other), "commit", "-q", "--allow-empty", "-m", "x")
    repository.git("submodule", "add", "-q", str(other), "02_vgg")


def _pointer(repository: Repository) -> None:
    oid = f"oid sha256:{'0' * 64}\nsize 400000000\n"
    pointer = f"version https://git-lfs.github.com/spec/v1\n{oid}"
    repository.write({"06_simpsons/run/model.safetensors": pointer})


def _large(repository: Repository) -> None:
    repository.write({VGG: b"#" * (600 << 10)})


def _twice(repository: Repository) -> None:
    repository.write({"first/vgg.py": "old", VGG: "own"})


def _capitals(repository: Repository) -> None:
    repository.write({"02_vgg/VGG.py": "other", VGG: "own"})


@pytest.mark.parametrize(
    ("make", "told", "left"),
    [
        (_link, "a symbolic link is not followed", set()),
        (_submodule, "02_vgg: a submodule", set()),
        (_pointer, "only a pointer of Git LFS", set()),
        (_large, "614400 bytes; at most 524288", set()),
        (_capitals, "is there twice; 02_vgg/vgg.py counts", {VGG}),
        (_twice, "is there twice; 02_vgg/vgg.py counts", {VGG}),
    ],
)
def test_what_is_no_plain_file_is_told_and_left_out(
    group: Class, make: Callable[[Repository], None], told: str, left: set[str]
) -> None:
    ann = group.student("ann")
    make(ann)
    ann.commit({"notes.txt": "not of a task"})
    found = group.collect()["ann"]
    assert any(told in note for note in found.notes), found.notes
    assert group.files("ann") == left


def test_hostile_attributes_and_hooks_have_no_effect(group: Class) -> None:
    ann = group.student("ann")
    mark = group.folder / "ran"
    text = "line $Format:%H$ $Id$\nline\n"
    rules = "filter=evil ident export-subst export-ignore eol=crlf text"
    ann.commit(
        {
            VGG: text,
            ".lfsconfig": "[lfs]\nurl = https://localhost:9/\n",
            ".mailmap": "x",
            "hooks/post-checkout": f"#!/bin/sh\ntouch {mark}\n",
        }
    )
    ann.commit({".gitattributes": f"* {rules}\n"})
    for name in ("pre-receive", "post-update", "reference-transaction", "post-checkout"):
        hook = ann.bare / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
        hook.chmod(0o755)
    config = ann.bare / "config"
    config.write_text(config.read_text() + f'[filter "evil"]\n\tsmudge = touch {mark}\n')
    group.collect()
    assert (group.out / "submissions/ann" / VGG).read_bytes() == text.encode()
    assert not mark.exists()
    assert not (group.out / "mirrors/ann.git/hooks").exists()


def test_large_files_of_the_past_are_not_fetched(group: Class) -> None:
    ann = group.student("ann")
    ann.commit({"data/big.bin": os.urandom(3 << 20), VGG: "x"})
    (ann.work / "data/big.bin").unlink()
    model = os.urandom(2 << 20)
    ann.commit({"06_simpsons/run/model.safetensors": model})
    ann.git("-C", str(ann.bare), "config", "uploadpack.allowFilter", "true")
    assert group.collect()["ann"].notes == []
    assert (group.out / "submissions/ann/06_simpsons/run/model.safetensors").read_bytes() == model
    packs = (group.out / "mirrors/ann.git/objects").rglob("*")
    assert sum(p.stat().st_size for p in packs if p.is_file()) < 3 << 20


def test_a_long_history_is_searched_to_the_deadline(group: Class) -> None:
    ann = group.student("ann")
    stream = ["reset refs/heads/main\n"]
    for number in range(2000):
        when = (DUE - 1000 * HOUR + number * HOUR).timestamp()
        text = str(number)
        stream.append(f"commit refs/heads/main\ncommitter s <s@x> {when:.0f} +0000\ndata 0\n")
        stream.append(f"M 100644 inline {VGG}\ndata {len(text)}\n{text}\n")
    ann.git("-C", str(ann.bare), "fast-import", "--quiet", given="".join(stream))
    group.collect(DUE + 2000 * HOUR)
    assert group.text("ann") == "1000"
    assert read_times(group.out / "submitted.csv")["ann"]["vgg"] == DUE


def test_a_tree_that_unfolds_without_end_is_cut(
    group: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.classroom.collect.tree.MAX_ENTRIES", 500)
    ann = group.student("ann")
    ann.write({"f": "x"})
    blob = ann.git("hash-object", "-w", "f")
    tree = ann.git("mktree", given="".join(f"100644 blob {blob}\tf{n}\n" for n in range(10)))
    for _ in range(9):
        tree = ann.git("mktree", given="".join(f"040000 tree {tree}\td{n}\n" for n in range(10)))
    bomb = ann.git("commit-tree", tree, "-m", "bomb", when=DUE - HOUR)
    ann.git("push", "-q", "origin", f"{bomb}:refs/heads/main")
    assert "more than 500 files; the others are not read" in group.collect()["ann"].notes


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ORG/same-for-all",
        "--upload-pack=touch /tmp/x {github}",
        "ext::sh -c 'touch /tmp/x' {github}",
        "http://localhost/{github}",
        "https://user:secret@github.com/ORG/{github}",
        "https://ghp_secret@github.com/ORG/{github}",
        "ssh://-oProxyCommand=x/{github}",
        "git@-oProxyCommand=x:{github}",
        "relative/{github}",
        "https://github.com/{name}/{github}",
    ],
)
def test_an_address_is_no_order_to_git(url: str) -> None:
    with pytest.raises(UsageError, match="--url"):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ORG/cnn-{github}",
        "https://github.com/ORG/cnn-{github}.git",
        "git@github.com:ORG/cnn-{github}.git",
        "ssh://git@gitlab.com:22/ORG/{student_id}.git",
        "file:///srv/org/{student_id}",
        "/srv/org/{github}",
    ],
)
def test_usual_addresses_are_taken(url: str) -> None:
    check_url(url)


def test_a_name_from_the_roster_cannot_lead_elsewhere(group: Class) -> None:
    group.students["ann"] = Student("ann", github="../secret")
    found = group.collect()["ann"]
    assert found.state == "no github name"
    assert not (group.out / "mirrors").exists()


def test_the_command_tells_who_is_missing_and_keeps_everybody_on_record(group: Class) -> None:
    group.student("ann").commit({VGG: "x"})
    roster = group.folder / "roster.csv"
    roster.write_text("student_id,github\nann,ann\nlost,lost\n")
    (group.folder / "course.toml").write_text(
        '[course]\nname = "x"\nlanguages = ["en"]\n'
        f'[collect]\nurl = "{group.url}"\n[deadlines]\nvgg = {DUE.isoformat()}\n'
    )
    command = ["collect", str(roster), "--out", str(group.out), "--course", str(group.folder)]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 1
    assert "lost: no repository" in run.output and "2 students: 1 ok" in run.output
    assert "1 were first seen after a deadline" in run.output
    run = CliRunner().invoke(app, [*command, "--only", "ann"])
    assert run.exit_code == 0
    assert set(read_collected(group.out / "collected.json")) == {"ann", "lost"}
    assert isinstance(CliRunner().invoke(app, [*command, "--only", "x"]).exception, UsageError)
    command[command.index("--course") + 1] = str(ROOT)
    assert "--url" in str(CliRunner().invoke(app, command).exception)
