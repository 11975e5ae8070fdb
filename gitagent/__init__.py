"""gitagent: a sentence becomes a branch of gated commits that a person reviews with git."""

__version__ = "0.1.0"
