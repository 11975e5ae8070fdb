"""`python -m gitagent` is `git-agent`, for places where the script folder is not on PATH."""

from gitagent.cli.main import run

if __name__ == "__main__":
    run()
