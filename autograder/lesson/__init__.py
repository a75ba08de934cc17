"""What the notebooks of the course use: the student's own code, live pictures, small checks."""

from autograder.lesson.live import Lesson

__all__ = ["Lesson"]
