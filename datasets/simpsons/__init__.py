"""The data of the homework: the competition's classes and files, and what trains on them."""

from simpsons.classes import CLASSES, NAMES
from simpsons.errors import DataError
from simpsons.own import own_task

__all__ = ["CLASSES", "NAMES", "DataError", "own_task"]
