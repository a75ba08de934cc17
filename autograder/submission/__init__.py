"""What was handed in: files, archives, predictions."""
