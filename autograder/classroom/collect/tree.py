"""The files of a commit that a submission may have, read object by object and never checked out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.classroom.collect.git import GitError, Mirror, stop
from autograder.report.terminal import safe
from autograder.submission.archive import MAX_ENTRIES, MAX_STUDENT
from autograder.submission.chosen import misnamed, nearness, place_of

SMALL = "1m"  # larger files come only where a submission may have them
NAMED = 10  # files that are named in a report of problems
POINTER = b"version https://git-lfs.github.com/spec/"
CHUNK = 1 << 20
CHECK = "--batch-check=%(objecttype) %(objectsize)"
PLAIN, LINK, SUBMODULE = ("100644", "100755", "100664"), "120000", "160000"


@dataclass(frozen=True)
class Blob:
    """A file of a commit. place: where it belongs in a submission; limit: how large it may be."""

    path: str
    sha: str
    place: str
    limit: int

    @property
    def part(self) -> str:
        """The folder of a submission that it is in: a task's, or of loose notebooks."""
        return PurePosixPath(self.place).parts[0]


@dataclass
class Tree:
    """What a commit holds for a submission. problems: what is not taken, and why."""

    blobs: list[Blob] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def parts(self) -> dict[str, list[Blob]]:
        """The files of each task's folder."""
        found: dict[str, list[Blob]] = {}
        for blob in self.blobs:
            found.setdefault(blob.part, []).append(blob)
        return found


def read_tree(mirror: Mirror, commit: str) -> Tree:
    """Find the files of a submission in a commit."""
    tree = Tree()
    wanted: list[tuple[str, str, str, int]] = []
    others: list[str] = []
    for number, (mode, sha, raw) in enumerate(_entries(mirror, commit)):
        if number >= MAX_ENTRIES:
            tree.problems.append(f"more than {MAX_ENTRIES} files; the others are not read")
            break
        name = safe(raw)
        place = place_of(PurePosixPath(raw))
        if mode == SUBMODULE:
            others.append(f"{name}: a submodule; its files are not part of this repository")
        elif place is not None and mode == LINK:
            others.append(f"{name}: a symbolic link is not followed; put the file itself there")
        elif place is not None and mode in PLAIN:
            if "\\" in place[0] or not raw.isprintable():
                others.append(f"{name}: its name cannot be used")
                continue
            wanted.append((raw, sha, *place))
    taken: dict[str, str] = {}
    wanted.sort(key=lambda one: nearness(PurePosixPath(one[0]), one[2]))
    for raw, sha, target, limit in wanted:
        if (other := taken.setdefault(target.casefold(), raw)) != raw:
            others.append(f"{safe(raw)}: {target} is there twice; {safe(other)} counts")
        else:
            tree.blobs.append(Blob(raw, sha, target, limit))
    others += map(safe, misnamed({blob.place: blob.path for blob in tree.blobs}))
    tree.problems += others[:NAMED]
    if len(others) > NAMED:
        tree.problems.append(f"and {len(others) - NAMED} more")
    return tree


def _entries(mirror: Mirror, commit: str) -> Iterator[tuple[str, str, str]]:
    """Mode, object and path of each file; a stream, for a small commit may unfold to billions."""
    process = mirror.start("ls-tree", "-r", "-z", "--full-tree", commit)
    assert process.stdin is not None and process.stdout is not None
    rest = b""
    try:
        while chunk := process.stdout.read1(CHUNK):  # type: ignore[attr-defined]
            *lines, rest = (rest + chunk).split(b"\0")
            for line in lines:
                about, _, path = line.partition(b"\t")
                mode, _, sha = about.decode("ascii").split()
                yield mode, sha, path.decode("utf-8", "replace")
    finally:
        process.stdin.close()
        process.stdout.close()
        stop(process)


def bring(mirror: Mirror, commits: Sequence[str], blobs: Sequence[Blob]) -> None:
    """Fetch the large files that the first fetch left out.

    Raises:
        GitError: they did not come.
    """
    told = mirror.ask("rev-list", "--objects", "--missing=print", "--no-walk", *commits, "--")
    missing = {line[1:] for line in told.splitlines() if line.startswith("?")}
    wanted = sorted(missing & {blob.sha for blob in blobs})
    if wanted:
        mirror.fetch(wanted)


def lay_out(mirror: Mirror, blobs: Sequence[Blob], folder: Path) -> list[str]:
    """Write files below a folder; and what is not written, and why.

    Raises:
        GitError: git cannot give a file.
    """
    problems: list[str] = []
    asked = "".join(f"{blob.sha}\n" for blob in blobs)
    sizes = [line.split()[-1] for line in mirror.ask("cat-file", CHECK, given=asked).splitlines()]
    left = MAX_STUDENT
    process = mirror.start("cat-file", "--batch")
    assert process.stdin is not None and process.stdout is not None
    try:
        for blob, size in zip(blobs, sizes, strict=True):
            limit = min(blob.limit, left)
            if not size.isdecimal():
                problems.append(f"{safe(blob.path)}: the repository does not hold it")
                continue
            if int(size) > limit:
                problems.append(f"{safe(blob.path)}: {size} bytes; at most {limit}")
                continue
            process.stdin.write(f"{blob.sha}\n".encode())
            process.stdin.flush()
            process.stdout.readline()
            content = process.stdout.read(int(size) + 1)[:-1]
            if len(content) != int(size):
                raise GitError("broken", f"git did not give {safe(blob.path)} whole")
            if content.startswith(POINTER):
                problems.append(
                    f"{safe(blob.path)}: only a pointer of Git LFS, the file itself is elsewhere; "
                    "commit the file without LFS, or hand it in another way"
                )
                continue
            left -= len(content)
            path = folder / blob.place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    finally:
        process.stdin.close()
        stop(process)
        process.stdout.close()
    return problems
