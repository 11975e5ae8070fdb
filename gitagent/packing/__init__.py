"""Which lines of which files go into a prompt: the most worth for their tokens. Nothing here opens
a file or asks an index; what is known of each file is handed in."""
