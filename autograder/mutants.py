"""Typical mistakes and accepted variants, as text patches of a solution."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """A variant of the solution that computes something else and is right as well."""

    id: str
    replace: str
    by: str


@dataclass(frozen=True)
class Mutant:
    """A mistake real students make: what is replaced by what, and how it shows.

    fails is the check that must fail, message the id of the message it must fail with, and
    what says the mistake in one sentence. file: which file of the task is patched; by default
    its only one.
    """

    id: str
    what: str
    replace: str
    by: str
    fails: str
    message: str
    file: str = ""
