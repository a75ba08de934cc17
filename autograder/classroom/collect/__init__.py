"""Collecting: what students pushed, taken at their deadlines, as data."""
