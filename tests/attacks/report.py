"""Grade every attack and print what became of it as a Markdown table (make attacks)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from autograder.errors import UsageError
from autograder.report.terminal import number
from tests.attacks.arena import Arena
from tests.attacks.catalogue import all_attacks

HEAD = "| attack | kind | points | of honest | outcome | seconds | left behind |"


def main() -> int:
    """Grade the attacks that the command line names, or all; 1 if one gained anything."""
    chosen = [a for a in all_attacks() if not sys.argv[1:] or a.id in sys.argv[1:]]
    try:
        arena = Arena()
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    print(HEAD, "|---|---|---|---|---|---|---|", sep="\n")
    gained = 0
    try:
        for attack in chosen:
            verdict = arena.fight(attack)
            points = verdict.report.points
            breach = "BREACH" in str(verdict.report)
            bad = points is None or points > attack.honest or bool(verdict.left) or breach
            gained += bad
            cells = [
                f"{attack.id}: {attack.why}",
                attack.kind,
                number(points),
                number(attack.honest),
                "BREACH" if breach else verdict.outcome,
                f"{verdict.seconds:.1f}",
                verdict.left or "nothing",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)
    finally:
        arena.close()
    print(f"\n{len(chosen)} attacks, {gained} of them gained something")
    return 1 if gained else 0


if __name__ == "__main__":
    sys.exit(main())
