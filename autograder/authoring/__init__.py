"""For who writes the course: everything that is made of solutions/, and its proof."""
