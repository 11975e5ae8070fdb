"""A task's trace, told to OpenTelemetry where the environment asks for it."""
