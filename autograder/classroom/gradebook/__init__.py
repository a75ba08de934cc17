"""The gradebook: a class from roster to report."""
