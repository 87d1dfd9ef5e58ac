"""Filter patterns of literal terms: every term must occur in the message, as written.

Source: CloudWatch Logs filter pattern syntax, "matching terms in unstructured log events". The other
forms (optional ``?term``, excluded ``-term``, JSON, space-delimited, regular expressions) are refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.errors import InvalidParameter

_OTHER_FORMS = {
    "?": "optional terms (?term)",
    "-": "excluded terms (-term)",
    "%": "regular expressions (%…%)",
    "{": "JSON patterns ({ … })",
    "[": "space-delimited patterns ([ … ])",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """Events that contain every one of some texts; a `ports.log_store.Matcher`."""

    needles: tuple[str, ...]

    def matches(self, message: str) -> bool:
        """Whether all are in it."""
        return all(needle in message for needle in self.needles)


def terms_of(pattern: str) -> list[str]:
    """The terms of a pattern; none match everything.

    Raises:
        InvalidParameter: another form of pattern, or a character that must be quoted.
    """
    terms: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character.isspace():
            position += 1
        elif character == '"':
            term, position = _quoted(pattern, position + 1)
            terms.append(term)
        else:
            term, position = _bare(pattern, position)
            terms.append(term)
    return terms


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    """The text up to the closing quote, and the position behind it; a backslash keeps what follows."""
    term: list[str] = []
    position = start
    while position < len(pattern):
        character = pattern[position]
        if character == '"':
            return "".join(term), position + 1
        if character == "\\" and position + 1 < len(pattern):
            position += 1
            character = pattern[position]
        term.append(character)
        position += 1
    raise InvalidParameter("Unclosed quoted string in filter pattern.")


def _bare(pattern: str, start: int) -> tuple[str, int]:
    """An unquoted term and the position behind it: letters, digits and underscores only."""
    if pattern[start] in _OTHER_FORMS:
        raise InvalidParameter(
            f"Filter patterns with {_OTHER_FORMS[pattern[start]]} are not offered yet; "
            "terms and quoted phrases are"
        )
    end = start
    while end < len(pattern) and not pattern[end].isspace() and pattern[end] != '"':
        if not (pattern[end].isalnum() or pattern[end] == "_"):
            raise InvalidParameter(f"Invalid character(s) in term '{pattern[end]}'")
        end += 1
    return pattern[start:end], end
