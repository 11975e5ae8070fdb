"""Fakes that are part of the product: a scripted model, repositories, and a hash of a whole one.

They speak the real protocols over real sockets and real files, so that what holds against them
holds against the real thing. `git agent demo` and the evals stand on them as well as the tests.
"""
