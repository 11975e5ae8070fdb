"""Where the repository's own code is run: within limits, and with nothing left behind."""
