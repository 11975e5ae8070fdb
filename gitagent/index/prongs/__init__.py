"""Ways to find the files of a task that fail differently, each in a file of its own."""
