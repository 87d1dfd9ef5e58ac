"""What functions print, made harmless for a terminal: nothing in it moves the cursor or changes a setting.

Pure. Colours that a function chose are left out (well-formed SGR sequences); every other control
character, and what reverses the direction of text, is shown as an escape and does nothing.
"""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_BREAKS = re.compile(r"\r\n|\r|\n")
# C0 without tab, DEL and C1; lone surrogates, which no encoding can write; bidirectional controls,
# line and paragraph separators, and the byte order mark.
_HARMFUL = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """One line of text that a terminal only shows."""
    if text.isascii() and text.isprintable():
        return text
    return _HARMFUL.sub(_escaped, _COLOURS.sub("", text))


def harmless_lines(text: str) -> list[str]:
    """The lines of a message, without empty ones at its end; never an empty list."""
    return [harmless(line) for line in _BREAKS.split(text.rstrip())]


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
