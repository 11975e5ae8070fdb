"""The stages of the line, one file and one function each; none knows another or an adapter."""
