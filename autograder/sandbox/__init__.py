"""Keeping student code apart: profiles of limits, bubblewrap, warm workers."""
