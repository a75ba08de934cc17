"""Typical mistakes and accepted variants, as text patches of a solution."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """A variant of the solution that computes something else and is right as well."""

    id: str
    replace: str
    by: str


# hidden: layers that PyTorch does not see. input_changed: the input is another after the call.
# random: two passes in eval mode differ. counts: nothing but the parameters of some depth differs.
EVIDENCE = ("hidden", "input_changed", "random", "counts")


@dataclass(frozen=True)
class Mutant:
    """A mistake real students make: what is replaced by what, how it shows, what to say of it.

    what is the diagnosis, one sentence, and hint leads without giving the code; ru holds both in
    Russian. idea: what has not been understood (idea.<name> in the catalogues, with an
    explanation for the teacher). lesson: its block (lesson.<name>), by default the task's.
    fails is the check that must fail, message the id of the message it must fail with. also:
    the same mistake in other places, (replace, by) each. file: which file of the task is
    patched; by default its only one. Without hint a mutant is only to be caught. evidence: what
    alone shows the mistake, where it has too many forms to write them down (see EVIDENCE).
    """

    id: str
    what: str
    replace: str
    by: str
    fails: str
    message: str
    file: str = ""
    hint: str = ""
    ru: tuple[str, str] = ("", "")
    idea: str = ""
    lesson: str = ""
    also: tuple[tuple[str, str], ...] = ()
    evidence: str = ""


def edited(text: str, *changes: tuple[str, str]) -> str:
    """A longer piece of a solution with several changes, for a patch that touches many lines.

    Raises:
        ValueError: the text of a change does not occur exactly once.
    """
    for replace, by in changes:
        if text.count(replace) != 1:
            raise ValueError(f"{replace!r} occurs {text.count(replace)} times, not once")
        text = text.replace(replace, by)
    return text
