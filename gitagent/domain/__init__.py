"""The words that the rest of gitagent is written in: frozen values, without I/O."""
