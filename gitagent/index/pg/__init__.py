"""Postgres behind the index: our own embedded server or a team's, one code path for both."""
