"""The commit that a submission is checked out at."""

from pathlib import Path

from autograder.submission.task_files import read_file


def commit_of(folder: Path) -> str | None:
    """The commit a submission is checked out at, read from .git without running git."""
    for place in (folder, *folder.resolve().parents):
        git = place / ".git"
        if git.is_dir() and not git.is_symlink():
            return _head(git)
    return None


def _head(git: Path) -> str | None:
    try:
        head = _git_text(git / "HEAD")
        if not head.startswith("ref: "):
            return _commit(head)
        name = head.removeprefix("ref: ")
        if ".." in name or not name.startswith("refs/"):
            return None
        if (git / name).is_file():
            return _commit(_git_text(git / name))
        for line in _git_text(git / "packed-refs").splitlines():
            if line.endswith(f" {name}"):
                return _commit(line.split()[0])
    except (OSError, UnicodeDecodeError):
        pass
    return None


def _git_text(path: Path) -> str:
    """A small regular file of .git; a student may have put anything else there."""
    content, problem = read_file(path)
    if problem:
        raise OSError(problem)
    return content.decode("ascii").strip()


def _commit(text: str) -> str | None:
    return text if len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text) else None
