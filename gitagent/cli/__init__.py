"""The commands, one file and one function each. They are loaded when they are called."""
