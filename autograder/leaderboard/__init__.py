"""A competition of a class on the teacher's own server: upload predictions, see F1 and rank."""
