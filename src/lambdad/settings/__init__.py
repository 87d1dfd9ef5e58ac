"""Everything lambdad can be told, as one immutable value, parsed once.

Each setting has one name. From it follow the key in ``lambdad.toml`` (``drain_s``), the environment
variable (``LAMBDAD_DRAIN_S``) and the option of ``lambdad serve`` (``--drain-s``); later ones win:
defaults < lambdad.toml < environment < command line. An unknown key or variable is an error, so that
a misspelt setting is never silently ignored. Unit, default and reason stand with each field, and
``docs/reference/settings.md`` is generated from them.
"""

from lambdad.settings.loading import load
from lambdad.settings.model import (
    AuthMode,
    AwsKeys,
    Isolation,
    LogFormat,
    LogLevel,
    Neighbours,
    RequiredIsolation,
    ServiceEndpoint,
    Settings,
)
from lambdad.settings.reading import SettingsError
from lambdad.settings.validation import is_loopback, validate

__all__ = [
    "AuthMode",
    "AwsKeys",
    "Isolation",
    "LogFormat",
    "LogLevel",
    "Neighbours",
    "RequiredIsolation",
    "ServiceEndpoint",
    "Settings",
    "SettingsError",
    "is_loopback",
    "load",
    "validate",
]
