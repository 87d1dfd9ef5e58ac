"""Why there is no image, or no copy of one."""

from __future__ import annotations

_MOST_REASONS = 8
_MOST_CHARACTERS = 200


class ImageError(Exception):
    """The host did not do what was asked; a process that was half restored has been killed."""


class Refused(ImageError):
    """The process has something that an image cannot hold, or the blank is not of the image's kind.

    Attributes:
        reasons: each names one thing; they may quote names that the function chose.
    """

    def __init__(self, *reasons: str) -> None:
        self.reasons = tuple(quoted(reason) for reason in reasons[:_MOST_REASONS])
        more = len(reasons) - len(self.reasons)
        super().__init__("; ".join(self.reasons) + (f"; and {more} more" if more else ""))


def quoted(text: str) -> str:
    """Text that a function chose, on one line and of bounded length."""
    clean = "".join(one if one.isprintable() else "?" for one in text)
    return clean if len(clean) <= _MOST_CHARACTERS else clean[: _MOST_CHARACTERS - 1] + "…"
