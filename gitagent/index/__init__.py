"""Ways to find the files of a tree that a text is about."""
