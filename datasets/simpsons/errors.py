"""The one error of the package: data or files that cannot be used, with the remedy."""


class DataError(Exception):
    """What is wrong with which file, and what to do; commands print it and exit with 2."""
