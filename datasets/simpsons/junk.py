"""Files that systems and programs leave beside those that people mean."""

from collections.abc import Iterable

FOLDERS = {
    "__macosx", "__pycache__", "node_modules", "site-packages", "dist-packages", "venv", "env",
    "virtualenv", "$recycle.bin", "system volume information",
}  # fmt: skip


def is_junk(parts: Iterable[str]) -> bool:
    """Whether a path leads through, or to, what nobody hands in: hidden files, ._img0.jpg,
    __MACOSX, .ipynb_checkpoints, caches, virtual environments.
    """
    return any(
        (part.startswith(".") and part not in (".", "..")) or part.casefold() in FOLDERS
        for part in parts
    )
