"""Language models: the one way to ask them, and the wrappers that make asking safe."""
