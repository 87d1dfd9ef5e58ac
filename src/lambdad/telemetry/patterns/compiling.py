"""A filter pattern's text to what matches by it."""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import MAX_LOG_PATTERN_EXPRESSIONS
from lambdad.telemetry.patterns.fields import Fields, parse_fields
from lambdad.telemetry.patterns.matching_expression import Expression, expression_of
from lambdad.telemetry.patterns.selectors import Selectors, parse_selectors
from lambdad.telemetry.patterns.terms import Terms, parse_terms

Pattern = Terms | Expression | Selectors | Fields
"""A compiled pattern, a `ports.log_store.Matcher`; an immutable value that another process can read."""


def compile_pattern(text: str) -> Pattern:
    """Read a pattern; an empty one is every event.

    Raises:
        InvalidParameter: it is none, in AWS's words.

    Source: those words as users report them: awslogs issue 210 (braces), aws-toolkit-jetbrains issue 3219
    and serverless-plugin-log-subscription issue 47.
    """
    text = text.strip()
    pattern: Pattern
    if text.startswith("{"):
        pattern = parse_selectors(_inside(text, "{", "}"))
    elif text.startswith("["):
        pattern = parse_fields(_inside(text, "[", "]"))
    elif text.startswith("%") and text.endswith("%") and len(text) > 1:
        pattern = expression_of(text[1:-1])
    else:
        pattern = parse_terms(text)
    if pattern.expressions > MAX_LOG_PATTERN_EXPRESSIONS:
        raise InvalidParameter(
            f"A filter pattern can have at most {MAX_LOG_PATTERN_EXPRESSIONS} regular expressions"
        )
    return pattern


def _inside(text: str, first: str, last: str) -> str:
    if not text.endswith(last) or len(text) == 1:
        raise InvalidParameter(f"If a filter pattern starts with '{first}' it must end with '{last}'")
    return text[1:-1]
