"""``python -m autograder.cli`` is the command autograder."""

from autograder.cli.main import main

main()
