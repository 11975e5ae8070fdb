"""One module a toolchain: what to run, and what it needs."""
