"""A small model that runs here, for those who have no endpoint and no key."""
