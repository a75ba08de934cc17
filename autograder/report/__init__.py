"""The report of a submission: its data, and how it is shown (JSON, terminal, HTML)."""
