"""A class: its repositories, its gradebook, grading in CI."""
