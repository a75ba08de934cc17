"""The checks: what a task promises, as pytest functions that judge answers.

families.py holds the promises every network and block shares, one file for each task holds
what is special there and the points. Nothing here imports torch or a student's code.
"""
