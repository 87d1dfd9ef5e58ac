"""What a kind of resource of a stack can do, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .calls import Calls

Props = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]
"""Physical id, which `Ref` gives, and attributes, which `Fn::GetAtt` gives."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of resource.

    Attributes:
        create: makes one, out of its logical id, properties and stack.
        update: changes one: physical id, old and new properties; None makes another in its place.
        delete: removes one that may be gone already.
        fixed: properties that cannot be changed: another one is made in its place.
    """

    create: Callable[[Calls, str, Props, str], Made]
    delete: Callable[[Calls, str, Props], None]
    update: Callable[[Calls, str, Props, Props], Made] | None = None
    fixed: tuple[str, ...] = ()


def given(props: Props, *names: str) -> dict[str, Any]:
    """Those of the properties that are there."""
    return {name: props[name] for name in names if props.get(name) is not None}


def without(props: Props, *names: str) -> dict[str, Any]:
    """All other properties."""
    return {name: value for name, value in props.items() if name not in names}


def changed(old: Props, new: Props, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be sent: new values, and the default of what the template says no more."""
    found: dict[str, Any] = {}
    for name, default in defaults.items():
        if name in new:
            found[name] = new[name]
        elif name in old:
            found[name] = default
    return found


def tag_map(tags: Any) -> dict[str, str]:
    """Tags as a map, which they are in some kinds and a list of pairs in others."""
    if isinstance(tags, Mapping):
        return {str(name): str(value) for name, value in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags or ()}


def gone(old: Iterable[Any] | None, new: Iterable[Any] | None) -> list[Any]:
    """What is in the old, and not in the new."""
    kept = list(new or ())
    return [each for each in old or () if each not in kept]


def physical_name(stack: str, logical_id: str, most: int) -> str:
    """A name as CloudFormation makes them, the same for the same resource of a stack."""
    from ministack.services.cloudformation import provisioners

    return str(provisioners._physical_name(stack, logical_id, max_len=most))
