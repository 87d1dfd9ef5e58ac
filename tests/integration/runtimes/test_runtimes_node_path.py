"""ES modules find the packages of layers through NODE_PATH, as in AWS's runtimes since Node.js 18.

Source: AWS's announcement of the Node.js 18 runtime, quoted in aws/aws-sdk-js issue 4431. aws-lambda-ric does
not do it (AWS's managed runtimes do), so there is nothing to compare with.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from official_clients import node_interpreter
from scripted_runtime_api import Event, Transcript, run

from lambdad.worker.runtimes.client_tree import CLIENTS, NODE_CLIENT

pytestmark = pytest.mark.registry

# Not nodejs18.x: hooks need Node.js 18.19, and no wheel is newer than 18.18.
LINES = ("nodejs20.x", "nodejs22.x", "nodejs24.x")
PACKAGES = {
    "opt/first/node_modules/both/index.js": "exports.name = 'first';",
    "opt/first/node_modules/@scope/esm/package.json": '{"type": "module", "exports": {"./sub": "./sub.js"}}',
    "opt/first/node_modules/@scope/esm/sub.js": "import { name as both } from 'both'; export const name = 'esm ' + both;",
    "opt/second/node_modules/both/index.js": "exports.name = 'second';",
    "opt/second/node_modules/only/index.js": "exports.name = 'only second';",
    "opt/second/node_modules/own/index.js": "exports.name = 'second';",
    "task/node_modules/own/index.js": "exports.name = 'own';",
}
GOOD = """
import { name as scoped } from '@scope/esm/sub';
import { readFileSync } from 'fs';
import own from 'own';
const both = await import('both');
const { name: only } = await import('only');
export const handler = async () => [scoped, own.name, both.name, only, typeof readFileSync];
"""


def play(line: str, folder: Path, code: str) -> Transcript:
    for path, text in {**PACKAGES, "task/app.mjs": code}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    env = {
        "PATH": "/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": str(folder / "task"),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": "app.handler",
        "NODE_PATH": f"{folder}/opt/first/node_modules:{folder}/opt/second/node_modules:{folder}/opt/none/node_modules",
    }
    argv = [str(node_interpreter(line).binary), str(CLIENTS / NODE_CLIENT)]
    return run(argv, env, folder / "task", [Event(b"1"), Event(b"2")], transport="fd")


@pytest.mark.parametrize("line", LINES)
def test_packages_are_imported_in_the_order_of_node_path_after_the_codes_own(
    line: str, tmp_path: Path
) -> None:
    seen = play(line, tmp_path, GOOD)
    expected = ["esm first", "own", "first", "only second", "function"]
    assert [json.loads(post.body) for post in seen.posts] == [expected, expected]
    assert seen.output == b""


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import 'absent';", "Cannot find package 'absent' imported from"),
        ("import './absent.mjs';", "Cannot find module"),
        ("import '@scope/esm';", 'No "exports" main defined'),
    ],
    ids=["package", "file", "export"],
)
def test_what_is_nowhere_is_told_as_without_layers(
    line: str, tmp_path: Path, code: str, message: str
) -> None:
    seen = play(line, tmp_path, code + "\nexport const handler = async () => 1;")
    assert seen.posts[0].path.endswith("/init/error")
    assert message in json.loads(seen.posts[0].body)["errorMessage"]
