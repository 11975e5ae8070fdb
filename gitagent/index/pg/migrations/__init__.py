"""The steps of the schema, one file each, in the order of their numbers; none is ever changed."""
