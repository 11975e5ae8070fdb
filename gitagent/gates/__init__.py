"""What to run on a tree, how to read what came of it, and what to make of that."""
