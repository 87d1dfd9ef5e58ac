"""Texts of a policy with wildcards and variables: of resources and of condition values.

Source: IAM user guide, "Variables and tags": `${key}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for
the characters themselves; only in documents of version 2012-10-17. A variable that the request has no single
value for resolves to nothing, and so does the text it is in; likewise one that becomes longer than any value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lambdad.domain.policies.request_keys import RequestKeys
from lambdad.domain.policies.wildcards import Glob, Piece, Wild, pieces_of

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAMED = re.compile(r"\s*([^\s,']+)\s*(?:,\s*'([^']*)'\s*)?")
_CHARACTERS = frozenset("*?$")
ARN_PARTS = 6
_MAX_RESOLVED = 65_536  # characters; a longer text is no value that a request has


@dataclass(frozen=True, slots=True)
class Variable:
    """A condition key whose value is put into a text.

    Attributes:
        key: in lower case.
        default: when the request has no such key; None for none.
    """

    key: str
    default: str | None


Token = Piece | Variable


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy, read.

    Attributes:
        text: as the document has it.
        glob: ready to match; None when it has variables.
    """

    text: str
    tokens: tuple[Token, ...]
    glob: Glob | None

    @property
    def is_fixed(self) -> bool:
        """Whether it says one text and no other: no wildcard and no variable."""
        return all(isinstance(token, str) for token in self.tokens)

    def resolve(self, keys: RequestKeys) -> Glob | None:
        """What it says for a request; None when a variable has no value."""
        if self.glob is not None:
            return self.glob
        pieces = _resolved(self.tokens, keys)
        return None if pieces is None else Glob(pieces)

    def literal(self, keys: RequestKeys) -> str | None:
        """Its text with variables replaced and wildcards left as characters; None as above."""
        pieces = _resolved(self.tokens, keys)
        return None if pieces is None else "".join(p if isinstance(p, str) else p.value for p in pieces)


@dataclass(frozen=True, slots=True)
class ArnTemplate:
    """An ARN with wildcards and variables, which reach no further than its part.

    Source: IAM user guide, "ArnLike": each of the six components is checked separately.

    Attributes:
        literal: the one ARN it says; None when it has wildcards or variables.
        parts: ``arn``, partition and so on; the last is all behind the account. Empty for a literal, and for
            ``*`` alone, which is everything, also what has no ARN.
    """

    text: str
    literal: str | None
    parts: tuple[Template, ...]

    @property
    def is_fixed(self) -> bool:
        """Whether it names one thing: no wildcard and no variable."""
        return self.literal is not None

    def matches(self, arn: str, keys: RequestKeys) -> bool | None:
        """Whether it says this ARN; None when a variable has no value."""
        if self.literal is not None:
            return arn == self.literal
        if not self.parts:
            return True
        globs = [part.resolve(keys) for part in self.parts]
        if None in globs:
            return None
        parts = arn.split(":", ARN_PARTS - 1)
        return len(parts) == len(globs) and all(
            glob is not None and glob.matches(part) for glob, part in zip(globs, parts, strict=True)
        )


def read_template(text: str, *, variables: bool) -> Template:
    """Read a text; `variables` is whether the document's version knows them.

    Raises:
        ValueError: a variable that is none.
    """
    return _template(text, _tokens(text, variables=variables))


def read_arn(text: str, *, variables: bool, complete: bool = False) -> ArnTemplate:
    """Read an ARN.

    Args:
        text: as the document has it.
        variables: whether the document's version knows them.
        complete: whether missing parts stand for anything, as in `Resource`.

    Raises:
        ValueError: no ARN, or a variable that is none.

    Source: IAM user guide, "Resource": incomplete ARNs are completed with wildcards.
    """
    if complete and text == "*":
        return ArnTemplate(text, None, ())
    tokens = _tokens(text, variables=variables)
    if tokens == (text,) and text.startswith("arn:") and text.count(":") >= ARN_PARTS - 1:
        return ArnTemplate(text, text, ())
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        first, *others = token.split(":", ARN_PARTS - len(parts))
        parts[-1].append(first)
        parts.extend([other] for other in others)
    if parts[0] != ["arn"]:
        raise ValueError("not an ARN")
    if len(parts) < ARN_PARTS and not complete:
        raise ValueError("not a whole ARN")
    parts.extend([Wild.MANY] for _ in range(ARN_PARTS - len(parts)))
    return ArnTemplate(text, None, tuple(_template("", tuple(t for t in part if t != "")) for part in parts))


def _template(text: str, tokens: tuple[Token, ...]) -> Template:
    pieces = [token for token in tokens if not isinstance(token, Variable)]
    return Template(text, tokens, Glob(pieces) if len(pieces) == len(tokens) else None)


def _tokens(text: str, *, variables: bool) -> tuple[Token, ...]:
    if not variables or "${" not in text:
        return tuple(pieces_of(text))
    tokens: list[Token] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        tokens += pieces_of(text[at : found.start()])
        tokens.append(_variable(found.group(1)))
        at = found.end()
    tokens += pieces_of(text[at:])
    return tuple(tokens)


def _variable(inside: str) -> Token:
    if inside in _CHARACTERS:
        return inside
    named = _NAMED.fullmatch(inside)
    if named is None:
        raise ValueError("not a policy variable")
    key, default = named.groups()
    return Variable(key.lower(), default)


def _resolved(tokens: tuple[Token, ...], keys: RequestKeys) -> list[Piece] | None:
    pieces: list[Piece] = []
    length = 0
    for token in tokens:
        if isinstance(token, Variable):
            values = keys.values(token.key)
            value = token.default if not values else values[0]
            length += len(value or "")
            if value is None or len(values) > 1 or length > _MAX_RESOLVED:
                return None
            pieces.append(value)
        else:
            pieces.append(token)
    return pieces
