"""Settings as people see them: none of what is secret."""

from __future__ import annotations

from dataclasses import replace

from lambdad.settings import Settings
from lambdad.settings.model import AwsKeys, ServiceEndpoint
from lambdad.settings.shown import effective

SETTINGS = replace(
    Settings(data_dir=None),
    key_command="vault read -token=s3cret",
    services={
        "s3": ServiceEndpoint("https://user:passw0rd@s3.example:9000", AwsKeys("AKIA", "s3cret")),
        "sqs": ServiceEndpoint("http://127.0.0.1:9324"),
    },
)


def test_every_setting_is_shown_as_text() -> None:
    shown = effective(SETTINGS)
    assert shown["data_dir"] == ":memory:"
    assert shown["pools"] == "true"
    assert shown["tls_cert"] == "-"
    assert "sqs → http://127.0.0.1:9324" in shown["services"]


def test_no_secret_of_a_neighbour_is_shown_to_anybody() -> None:
    for text in (str(effective(SETTINGS)["services"]), str(effective(SETTINGS, redacted=True))):
        assert "passw0rd" not in text
        assert "s3cret" not in text
        assert "https://…@s3.example:9000" in text


def test_a_command_that_prints_a_key_is_shown_only_to_who_is_at_the_machine() -> None:
    assert effective(SETTINGS)["key_command"] == "vault read -token=s3cret"
    assert effective(SETTINGS, redacted=True)["key_command"] == "(set)"
    assert effective(Settings(), redacted=True)["key_command"] == "-"
