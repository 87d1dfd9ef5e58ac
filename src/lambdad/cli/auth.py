"""`lambdad auth`: the first administrator, and what to do when the key of all secrets is lost."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Annotated, Any

import typer

from lambdad.cli import aws_profile, options, show
from lambdad.cli.client import DEFAULT_ENDPOINT
from lambdad.cli.errors import USAGE, CommandError
from lambdad.domain.errors import LambdadError
from lambdad.domain.scope import DEFAULT_ACCOUNT, DEFAULT_REGION, Scope
from lambdad.settings import Settings, SettingsError, load

app = typer.Typer(
    help="Administer who may call. Not part of AWS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_USER = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PROFILE = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


@app.command("init")
def init(
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="of the administrator")] = "admin",
    profile: Annotated[str, typer.Option("--profile", metavar="NAME", help="of the AWS CLI")] = "lambdad",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace a profile of that name")] = False,
    account: Annotated[
        str, typer.Option("--account", metavar="NUMBER", help="twelve digits")
    ] = DEFAULT_ACCOUNT,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Make the first administrator and an AWS CLI profile with the key; no server may be running.

    The secret goes nowhere else. Afterwards: lambdad serve --auth enforce, and aws --profile lambdad …
    """
    for value, pattern, what in (
        (user, _USER, "--user"),
        (profile, _PROFILE, "--profile"),
        (account, _ACCOUNT, "--account"),
    ):
        if not pattern.fullmatch(value):
            raise CommandError(f"{what} cannot be {value!r}", USAGE)
    settings = _kept(data_dir)
    keys, config = aws_profile.credentials_file(os.environ), aws_profile.config_file(os.environ)
    section = aws_profile.section_of(profile)
    if not overwrite:
        for path, name in ((keys, profile), (config, section)):
            if aws_profile.has_section(path, name):
                raise CommandError(
                    f"{path} has a profile {profile} already; name another, or --overwrite", USAGE
                )
    where = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    url = endpoint or os.environ.get("LAMBDAD_ENDPOINT") or DEFAULT_ENDPOINT
    access_key, secret = _run(_first(settings, Scope(account, where), user))
    aws_profile.write_section(
        keys, profile, {"aws_access_key_id": access_key, "aws_secret_access_key": secret}
    )
    aws_profile.write_section(config, section, {"region": where, "endpoint_url": url})
    arn = f"arn:aws:iam::{account}:user/{user}"
    if as_json:
        show.document({"user": arn, "accessKeyId": access_key, "profile": profile, "file": str(keys)})
    else:
        show.out.print(f"{arn} may do everything; its key is in {keys}, profile {profile}", markup=False)


@app.command("forget-keys")
def forget_keys(
    data_dir: options.DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Remove every access key, when the key they are sealed with is lost; no server may be running.

    Users, roles and policies stay. New access keys come from `lambdad auth init --user` with a new name.
    """
    settings = _kept(data_dir)
    question = f"remove every access key in {settings.data_dir}?"
    if not yes:
        if not show.err.is_terminal:
            raise CommandError(f"{question} say so with --yes", USAGE)
        if not typer.confirm(question, err=True):
            raise typer.Exit(1)
    from lambdad.composition import administrators

    removed = _run(administrators.forget_keys(settings))
    if as_json:
        show.document({"removed": removed})
    else:
        show.out.print(f"removed {removed} access keys")


async def _first(settings: Settings, scope: Scope, user: str) -> tuple[str, str]:
    from lambdad.composition import administrators

    return await administrators.first_administrator(settings, scope, user)


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except (LambdadError, OSError) as error:
        raise CommandError(" ".join(str(error).split())) from None


def _kept(data_dir: str | None) -> Settings:
    """The settings of a server that keeps something.

    Raises:
        CommandError: the settings are wrong, or nothing is kept.
    """
    try:
        settings = load({"data_dir": data_dir} if data_dir else {})
    except SettingsError as error:
        raise CommandError(str(error).splitlines()[0], USAGE) from None
    if settings.data_dir is None:
        raise CommandError("data_dir is :memory:, nothing is kept; name a directory with --data-dir", USAGE)
    return settings
