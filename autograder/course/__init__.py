"""What a course is: tasks, settings, roster, typical mistakes, texts for learners."""
