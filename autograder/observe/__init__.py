"""Observing a student's network from outside: sessions, their protocol, the worker."""
