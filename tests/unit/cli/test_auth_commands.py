"""`lambdad auth`: the first administrator, her profile, and keys that are lost."""

from __future__ import annotations

import configparser
import json
import stat
from pathlib import Path

import pytest

from lambdad.cli.entry import main
from lambdad.storage.data_dir import open_data_dir
from lambdad.storage.files.key_file import KEY_FILE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("LAMBDAD_ENDPOINT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def auth(data: Path, *arguments: str) -> int:
    return main(["auth", *arguments, "--data-dir", str(data)])


def read(path: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read_string(path.read_text())
    return found


def test_the_first_administrator_gets_a_profile(home: Path, data: Path, capsys: pytest.CaptureFixture[str]):
    assert auth(data, "init", "--region", "eu-west-1", "--endpoint", "http://127.0.0.1:1") == 0
    keys = read(home / ".aws" / "credentials")["lambdad"]
    assert (len(keys["aws_access_key_id"]), len(keys["aws_secret_access_key"])) == (20, 40)
    config = read(home / ".aws" / "config")["profile lambdad"]
    assert dict(config) == {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:1"}
    for name in ("credentials", "config"):
        assert stat.S_IMODE((home / ".aws" / name).stat().st_mode) == 0o600
    shown = capsys.readouterr()
    assert "user/admin" in shown.out
    assert keys["aws_secret_access_key"] not in shown.out + shown.err


def test_other_profiles_stay_as_they_are(home: Path, data: Path):
    aws = home / ".aws"
    aws.mkdir(parents=True)
    (aws / "credentials").write_text("# mine\n[default]\naws_access_key_id = A\n\n[z]\na = b\n")
    (aws / "config").write_text("[default]\nregion = us-west-2\n")
    assert auth(data, "init", "--profile", "local") == 0
    assert (
        (aws / "credentials")
        .read_text()
        .startswith("# mine\n[default]\naws_access_key_id = A\n\n[z]\na = b\n")
    )
    assert read(aws / "config")["default"]["region"] == "us-west-2"
    assert "local" in read(aws / "credentials")


def test_a_profile_is_replaced_only_when_told(home: Path, data: Path, capsys: pytest.CaptureFixture[str]):
    aws = home / ".aws"
    aws.mkdir(parents=True)
    (aws / "credentials").write_text("[lambdad]\naws_access_key_id = A\n[other]\nx = y\n")
    assert auth(data, "init") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert not data.exists()
    assert auth(data, "init", "--overwrite") == 0
    found = read(aws / "credentials")
    assert found["lambdad"]["aws_access_key_id"] != "A"
    assert found["other"]["x"] == "y"


def test_the_files_may_be_elsewhere(home: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "settings"))
    assert auth(data, "init", "--profile", "default") == 0
    assert "default" in read(tmp_path / "keys")
    assert "default" in read(tmp_path / "settings")
    assert not (home / ".aws").exists()


def test_a_user_is_made_once(home: Path, data: Path, capsys: pytest.CaptureFixture[str]):
    assert auth(data, "init") == 0
    assert auth(data, "init", "--overwrite") == 1
    assert "has a user admin already" in capsys.readouterr().err
    assert auth(data, "init", "--user", "second", "--profile", "second") == 0


def test_a_directory_in_use_is_left_alone(home: Path, data: Path, capsys: pytest.CaptureFixture[str]):
    with open_data_dir(data):
        assert auth(data, "init") == 1
        assert auth(data, "forget-keys", "--yes") == 1
    assert "is in use by the lambdad server" in capsys.readouterr().err
    assert not (home / ".aws").exists()


@pytest.mark.parametrize(
    "wrong",
    [("--user", "a b"), ("--profile", "a]b"), ("--profile", ""), ("--account", "12"), ("--user", "ä")],
)
def test_wrong_names_are_refused(home: Path, data: Path, wrong: tuple[str, str]):
    assert auth(data, "init", *wrong) == 2
    assert not data.exists()


def test_nothing_kept_has_no_administrator(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["auth", "init", "--data-dir", ":memory:"]) == 2
    assert "nothing is kept" in capsys.readouterr().err


def test_lost_keys_are_forgotten_when_told(home: Path, data: Path, capsys: pytest.CaptureFixture[str]):
    assert auth(data, "init") == 0
    (data / KEY_FILE).unlink()
    assert auth(data, "init", "--user", "second", "--overwrite") == 1
    assert "lambdad auth forget-keys" in capsys.readouterr().err
    assert auth(data, "forget-keys") == 2
    assert auth(data, "forget-keys", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"removed": 1}
    assert auth(data, "init", "--user", "second", "--overwrite") == 0
