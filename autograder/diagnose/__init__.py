"""Which typical mistake a failing symbol behaves like."""
