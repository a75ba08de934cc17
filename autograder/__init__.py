"""Grade student networks: shapes, gradients, parameter counts and equality with the paper.

The way of the data: submission -> session -> answers -> checks -> report -> gradebook.
Nothing flows back: a verdict never reaches the process that runs student code.
"""

__version__ = "0.1.0"
