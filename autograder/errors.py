"""The exceptions of the package.

AutograderError
├── UsageError      the caller can repair it: exit code 2
└── GraderFault     the grader itself broke: exit code 3, never a student's points
"""


class AutograderError(Exception):
    """Base of every exception this package raises on purpose."""


class UsageError(AutograderError):
    """Misuse or unusable input; the text says what to do (exit code 2)."""


class GraderFault(AutograderError):
    """The grader or its installation is broken; no verdict may follow from it (exit code 3)."""
