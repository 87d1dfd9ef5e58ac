"""The Python function under load."""


def handler(_event: object, _context: object) -> dict[str, int]:
    """Answer at once."""
    return {"ok": 1}


def echo(event: object, _context: object) -> object:
    """Give the event back."""
    return event
