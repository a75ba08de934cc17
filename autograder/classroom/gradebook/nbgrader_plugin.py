"""How `nbgrader autograde` records in a folder of `autograder gradebook init`."""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import SaveAutoGrades


class Record(SaveAutoGrades):  # type: ignore[misc]  # nbgrader has no types
    """Makes a submission's rows, and leaves every automatic score to `autograder gradebook update`.

    A notebook that is not executed has no outputs, which nbgrader would take for full marks.
    """

    def _add_score(self, cell: NotebookNode, resources: ResourcesDict) -> None:
        if utils.is_solution(cell):
            super()._add_score(cell, resources)
