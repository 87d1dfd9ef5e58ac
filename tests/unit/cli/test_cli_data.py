"""`lambdad backup`, `restore` and `reset` on a real data directory."""

import pytest

from lambdad.storage.data_dir import open_data_dir


@pytest.fixture
def data(tmp_path):
    where = tmp_path / "data"
    with open_data_dir(where) as opened:
        (opened.code / "kept").write_text("code")
    return where


def test_backup_and_restore_bring_everything_back(data, lambdad, tmp_path):
    archive = tmp_path / "all.tar.gz"
    assert lambdad("backup", str(archive), "--data-dir", str(data)).status == 0
    (data / "code" / "kept").write_text("changed")
    ran = lambdad("restore", str(archive), "--data-dir", str(data), "--yes", "--json")
    assert ran.document == {"dataDir": str(data)}
    assert (data / "code" / "kept").read_text() == "code"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar.gz", "data"]


def test_restore_into_a_new_directory_asks_nothing(data, lambdad, tmp_path):
    lambdad("backup", str(tmp_path / "b.tar"), "--data-dir", str(data))
    assert lambdad("restore", str(tmp_path / "b.tar"), "--data-dir", str(tmp_path / "new")).status == 0
    assert (tmp_path / "new" / "code" / "kept").read_text() == "code"


@pytest.mark.parametrize("command", [["reset"], ["restore", "{archive}"]])
def test_nothing_is_lost_without_a_yes(data, lambdad, tmp_path, command):
    archive = tmp_path / "b.tar"
    lambdad("backup", str(archive), "--data-dir", str(data))
    ran = lambdad(*(word.format(archive=archive) for word in command), "--data-dir", str(data))
    assert ran.status == 2
    assert "--yes" in ran.err
    assert (data / "code" / "kept").exists()


@pytest.mark.parametrize("command", [["reset"], ["restore", "{archive}"]])
def test_a_directory_in_use_is_refused_and_unharmed(data, lambdad, tmp_path, command):
    archive = tmp_path / "b.tar"
    lambdad("backup", str(archive), "--data-dir", str(data))
    with open_data_dir(data):
        ran = lambdad(*(word.format(archive=archive) for word in command), "--data-dir", str(data), "--yes")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert (data / "code" / "kept").exists()


def test_a_broken_archive_costs_nothing(data, lambdad, tmp_path):
    (tmp_path / "broken.tar").write_text("not an archive")
    ran = lambdad("restore", str(tmp_path / "broken.tar"), "--data-dir", str(data), "--yes")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert (data / "code" / "kept").read_text() == "code"


def test_reset_empties(data, lambdad):
    assert lambdad("reset", "--data-dir", str(data), "--yes").status == 0
    assert not (data / "code").exists() or not any((data / "code").iterdir())


def test_a_backup_of_memory_is_refused(lambdad, tmp_path):
    ran = lambdad("backup", str(tmp_path / "b.tar"), "--data-dir", ":memory:")
    assert (ran.status, ran.err.count("\n")) == (2, 1)


def test_a_backup_of_nothing_is_one_line(lambdad, tmp_path):
    ran = lambdad("backup", str(tmp_path / "b.tar"), "--data-dir", str(tmp_path / "none"))
    assert (ran.status, ran.err.count("\n")) == (1, 1)
