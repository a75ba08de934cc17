"""The data of the homework: the competition's classes and example files."""
