"""The command line against a real server, each command a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import Server

Lambdad = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def lambdad(shared_server: Server, tmp_path: Path) -> Lambdad:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lambdad.cli.entry", *words, "--endpoint", shared_server.url]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def wheel(folder: Path) -> Path:
    path = folder / "greeting-1-py3-none-any.whl"
    info = "greeting-1.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("greeting.py", "WORD = 'installed'\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"greeting.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")
    return path


def test_a_folder_is_deployed_with_its_requirements_and_again_after_a_change(
    lambdad: Lambdad, tmp_path: Path
) -> None:
    folder = tmp_path / "cli-requirements"
    folder.mkdir()
    (folder / "requirements.txt").write_text(f"{wheel(tmp_path)}\n")
    source = "import greeting\ndef handler(event, context):\n    return [greeting.WORD, 1]\n"
    (folder / "app.py").write_text(source)
    first = lambdad("deploy", str(folder), "--timeout", "20", "-r", "python3.11")
    assert first.stdout.startswith("created cli-requirements (python3.11, app.handler, "), first.stderr
    assert json.loads(lambdad("invoke", "cli-requirements").stdout) == ["installed", 1]
    (folder / "app.py").write_text(source.replace("1]", "2]"))
    assert lambdad("deploy", str(folder)).stdout.startswith("updated cli-requirements")
    assert json.loads(lambdad("invoke", "cli-requirements").stdout) == ["installed", 2]


@pytest.mark.full
def test_a_node_folder_is_deployed_with_what_its_package_asks_for(lambdad: Lambdad, tmp_path: Path) -> None:
    package = tmp_path / "word"
    package.mkdir()
    (package / "package.json").write_text('{"name": "word", "version": "1.0.0", "main": "word.js"}')
    (package / "word.js").write_text("module.exports = 'from a package';")
    packed = subprocess.run(
        ["npm", "pack", "--silent"], cwd=package, capture_output=True, text=True, check=True
    ).stdout.strip()
    folder = tmp_path / "cli-node"
    folder.mkdir()
    (folder / "package.json").write_text(
        json.dumps({"type": "module", "dependencies": {"word": f"file:{package / packed}"}})
    )
    (folder / "index.js").write_text("import word from 'word';\nexport const handler = async () => word;\n")
    ran = lambdad("deploy", str(folder), "--timeout", "20")
    assert ran.returncode == 0, ran.stderr
    assert "nodejs" in ran.stdout
    assert json.loads(lambdad("invoke", "cli-node").stdout) == "from a package"


def test_a_bootstrap_is_a_custom_runtime(lambdad: Lambdad, tmp_path: Path) -> None:
    folder = tmp_path / "cli-bootstrap"
    folder.mkdir()
    (folder / "bootstrap").write_text(
        "#!/bin/sh\n"
        'api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"\n'
        "while true; do\n"
        '  id=$(curl -sS -D - -o /tmp/event "$api/next" | tr -d "\\r" |'
        " sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')\n"
        '  curl -sS -X POST --data-binary @/tmp/event "$api/$id/response" > /dev/null\n'
        "done\n"
    )
    (folder / "bootstrap").chmod(0o755)
    ran = lambdad("deploy", str(folder), "--timeout", "20")
    assert "(provided.al2023, bootstrap, " in ran.stdout, ran.stderr
    assert json.loads(lambdad("invoke", "cli-bootstrap", "-p", '{"n": 1}').stdout) == {"n": 1}


def test_logs_ls_status_and_rm_tell_the_truth(lambdad: Lambdad, tmp_path: Path) -> None:
    (tmp_path / "cli-life.py").write_text(
        "def lambda_handler(e, c):\n    print('a line of mine')\n    return 1\n"
    )
    handler = ["--handler", "cli-life.lambda_handler"]
    assert lambdad("deploy", "cli-life.py", "--timeout", "20", "-r", "python3.11", *handler).returncode == 0
    invoked = lambdad("invoke", "cli-life", "--tail")
    assert invoked.stdout == "1\n"
    assert "a line of mine" in invoked.stderr
    listed = json.loads(lambdad("ls", "--json").stdout)
    assert "cli-life" in [one["FunctionName"] for one in listed]
    lines = lambdad("logs", "cli-life").stdout
    assert [
        word for word in ("INIT_START", "START", "a line of mine", "END", "REPORT") if word not in lines
    ] == []
    assert lambdad("logs", "cli-life", "--filter", "line of mine").stdout.count("\n") == 1
    status = json.loads(lambdad("status", "--json").stdout)
    assert "cli-life" in [one["function"] for one in status["environments"]]
    assert lambdad("rm", "cli-life").stdout == "deleted cli-life\n"
    assert lambdad("invoke", "cli-life").stderr.startswith("lambdad: ResourceNotFoundException: Function not")


def test_a_function_that_fails_is_told_by_the_exit_status(lambdad: Lambdad, tmp_path: Path) -> None:
    (tmp_path / "cli_fails.py").write_text("def lambda_handler(e, c):\n    raise KeyError('no')\n")
    lambdad("deploy", "cli_fails.py", "--timeout", "20", "-r", "python3.11")
    ran = lambdad("invoke", "cli_fails")
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["errorType"] == "KeyError"


def test_doctor_tries_this_host_while_a_server_runs(shared_server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lambdad.cli.entry", "doctor", "--json", "--data-dir", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = {check["what"]: check for check in json.loads(ran.stdout)["checks"]}
    assert found["isolation"]["detail"].split(":")[0] in {"namespace", "process"}
    assert {"descriptors", "disk", "port", "python3.11", "nodejs22.x"} <= set(found)
    assert all(check["remedy"] for check in found.values() if check["verdict"] != "good")


def test_a_backup_of_a_running_server_can_be_served_again(own_server: Server, tmp_path: Path) -> None:
    own_server.function({"app.py": "def handler(event, context):\n    return 'kept'\n"}, FunctionName="kept")

    def lambdad(*words: str) -> None:
        command = [sys.executable, "-m", "lambdad.cli.entry", *words, "--data-dir", str(own_server.data_dir)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    lambdad("backup", str(tmp_path / "all.tar.gz"))
    own_server.client().delete_function(FunctionName="kept")
    own_server.stop()
    lambdad("restore", str(tmp_path / "all.tar.gz"), "--yes")
    from tests.running import start_server

    again = start_server(Path(own_server.data_dir))
    try:
        assert again.client().invoke(FunctionName="kept")["Payload"].read() == b'"kept"'
    finally:
        again.stop()
