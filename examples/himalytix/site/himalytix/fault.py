"""What is wrong with this version: the file MODE says it, and `good` is nothing."""
from pathlib import Path

MODE = Path(__file__).parents[1].joinpath("MODE").read_text(encoding="utf-8").strip()


def at_start():
    """Before anything is served."""
    if MODE == "crash":
        raise RuntimeError("a setting is missing")


def at_request(path, count):
    """A status in place of the right answer; `None` where there is nothing wrong."""
    if MODE == "stuck" or (MODE == "unready" and path == "/health/ready/"):
        return 503
    return 500 if MODE == "errors" and count % 5 == 0 and not path.startswith("/health/") else None
