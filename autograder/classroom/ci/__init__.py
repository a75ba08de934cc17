"""Grading in parts: what holds secrets runs no student code."""
