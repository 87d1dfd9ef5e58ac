"""The samples answer, whatever language they are in, with nothing but the Runtime API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_runtime_api import Event, run

from lambdad.worker.runtimes.client_tree import CLIENTS, NODE_CLIENT, PYTHON_CLIENT

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
EVENTS = (Event(b'{"name": "Ada"}', "id-1"), Event(b'{"name": "Grace"}', "id-2"))
BUILDS = {
    "hello-c": ["cc", "-O2", "-Wall", "-Werror", "-static", "-o", "{out}/bootstrap", "bootstrap.c"],
    "hello-go": ["go", "build", "-o", "{out}/bootstrap", "."],
    "hello-shell": ["cp", "bootstrap", "{out}/bootstrap"],
}


def environment(task: Path, handler: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(task), "_HANDLER": handler}


@pytest.mark.parametrize("sample", BUILDS)
def test_a_bootstrap_answers_every_event_over_tcp(sample: str, tmp_path: Path) -> None:
    build = [part.format(out=tmp_path) for part in BUILDS[sample]]
    subprocess.run(build, cwd=SAMPLES / sample, check=True, env={**os.environ, "CGO_ENABLED": "0"})
    bootstrap = str(tmp_path / "bootstrap")
    seen = run([bootstrap], environment(tmp_path, ""), tmp_path, EVENTS, transport="tcp", framed=False)
    answers = [json.loads(post.body) for post in seen.posts]
    assert [post.path.split("/")[-2:] for post in seen.posts] == [["id-1", "response"], ["id-2", "response"]]
    assert all(answer["greeting"].startswith("Hello") for answer in answers)
    assert seen.output


@pytest.mark.parametrize(
    ("sample", "handler", "argv"),
    [
        ("hello-python", "lambda_function.lambda_handler", [sys.executable, str(CLIENTS / PYTHON_CLIENT)]),
        ("hello-node", "index.handler", [shutil.which("node") or "node", str(CLIENTS / NODE_CLIENT)]),
    ],
    ids=["python", "node"],
)
def test_a_managed_sample_greets_by_name_and_logs_it(sample: str, handler: str, argv: list[str]) -> None:
    task = SAMPLES / sample
    seen = run(
        argv, {**environment(task, handler), "PYTHONDONTWRITEBYTECODE": "1"}, task, EVENTS, transport="fd"
    )
    assert [json.loads(post.body)["greeting"] for post in seen.posts] == ["Hello, Ada!", "Hello, Grace!"]
    assert ["greeting Ada" in text for _, text in seen.records] == [True, False]
