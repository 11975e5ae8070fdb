"""The fixtures of boxing.py for all tests of the sandbox."""

from boxing import box, lays, tool

__all__ = ["box", "lays", "tool"]
