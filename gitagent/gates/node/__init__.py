"""JavaScript and TypeScript: the packages of a tree, their scripts, and the runners in these."""
