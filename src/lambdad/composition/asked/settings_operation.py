"""What `/lambdad/v1/settings` answers: the effective settings, to be read only; beyond AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.domain.http import Request
from lambdad.settings import Settings
from lambdad.settings.model import default_of, simple_settings
from lambdad.settings.shown import effective


@dataclass(frozen=True, slots=True)
class SettingsOperation:
    """The handler."""

    settings: Settings

    async def show(self, request: Request) -> Mapping[str, object]:
        """Every setting with its value as text, and what the reference says about it."""
        known = simple_settings()
        shown = []
        for name, value in effective(self.settings, redacted=True).items():
            about = known.get(name)
            default = default_of(name)
            shown.append(
                {
                    "name": name,
                    "value": value,
                    "is_default": getattr(self.settings, name) == default,
                    "default": None if about is None else about.default,
                    "unit": None if about is None else about.unit,
                    "what": None if about is None else about.what,
                }
            )
        return {"settings": shown}
