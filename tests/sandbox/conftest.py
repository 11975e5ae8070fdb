"""The fixtures of boxing.py for all tests of the sandbox."""

from boxing import box, tool

__all__ = ["box", "tool"]
