"""Which file and handler source text becomes."""

from __future__ import annotations

import pytest

from lambdad.testing.sources import file_of, handler_of


@pytest.mark.parametrize(
    ("runtime", "text", "handler", "file"),
    [
        ("python3.12", "def handler(event, context): return 1", "app.handler", "app.py"),
        ("python3.12", "import os\ndef lambda_handler(event, context):\n    return 1\n", "app.lambda_handler", "app.py"),
        ("python3.12", "handler = lambda event, context: 1", "app.handler", "app.py"),
        ("nodejs22.x", "exports.handler = async () => 1;", "index.handler", "index.js"),
        ("nodejs22.x", "export const handler = async () => 1;", "index.handler", "index.mjs"),
        ("provided.al2023", "#!/bin/sh\n", "bootstrap", "bootstrap"),
    ],
)  # fmt: skip
def test_text_tells_its_handler_and_file(runtime: str, text: str, handler: str, file: str) -> None:
    assert handler_of(runtime, text) == handler
    assert file_of(runtime, handler, text) == file


def test_a_handler_in_a_package_is_in_the_packages_folder() -> None:
    assert file_of("python3.12", "pkg.mod.run", "") == "pkg/mod.py"
    assert file_of("nodejs22.x", "lib/x.run", "") == "lib/x.js"
