"""From a model's reply to bytes, without I/O.

Models answer in several formats, often sloppily and often mixed. `parse` says what a reply means
to change, `land` makes bytes of it, `paths` and `text` say what may not be changed at all. What
reads Python here (`source`) also says which part of a file a model has to see to change it
(`outline`, `docstrings`). Nothing here opens a file: whoever calls hands in a way to read one, so
the same code serves a tree in the object database and a dictionary in a test.
"""
