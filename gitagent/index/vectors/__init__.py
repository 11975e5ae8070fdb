"""Vectors of chunks: filled in where there is time, used where they are, never waited for."""
