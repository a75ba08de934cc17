"""From a submission to its report: one task, all of them, a whole class."""
