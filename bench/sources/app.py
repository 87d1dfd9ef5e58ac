"""The Python function under load."""


def handler(_event: object, _context: object) -> dict[str, int]:
    """Answer at once."""
    return {"ok": 1}


def echo(event: object, _context: object) -> object:
    """Give the event back."""
    return event


def credentials(_event: object, _context: object) -> list[str]:
    """Give the key that the function was given."""
    import os

    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return [os.environ[name] for name in names]
