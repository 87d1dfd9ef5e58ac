"""numpy and pandas: hundreds of mappings, and a pool of threads that ends in libc's fork handlers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from imaging import ForkServer

from lambdad.worker.sandbox.launcher.image.refusal import Refused

pytestmark = [pytest.mark.root, pytest.mark.registry, pytest.mark.full]
PACKAGES = ("numpy==2.3.5", "pandas==2.3.3", "python-dateutil==2.9.0.post0", "pytz==2025.2", "six==1.17.0")
THREADS_END_IN_A_FORK = "\nif (child := os.fork()) == 0: os._exit(0)\nos.waitpid(child, 0)"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), *PACKAGES], check=True)
    return folder


@pytest.fixture
def numeric(packages: Path) -> Iterator[ForkServer]:
    server = ForkServer((str(packages),))
    yield server
    server.close()


def imports(packages: Path, more: str) -> str:
    return (
        f"import os, sys; os.environ['OPENBLAS_NUM_THREADS'] = '4'; sys.path.insert(0, '{packages}')\n"
        f"import numpy as np, pandas as pd\n{more}"
    )


MATRIX = "m = np.arange(90_000.0).reshape(300, 300) / 90_000; frame = pd.DataFrame({'a': m[0], 'b': m[1]})"
PRODUCT = "answer = round(float((m @ m).trace()), 6), round(float(frame.groupby('a').sum()['b'].sum()), 6)"


def test_numeric_code_works_in_copies_with_all_its_threads(numeric: ForkServer, packages: Path) -> None:
    template = numeric.template(imports(packages, MATRIX + "; m @ m" + THREADS_END_IN_A_FORK))
    with numeric.image(template) as image:
        expected = template.run(PRODUCT)
        for _ in range(10):
            blank = numeric.blank()
            said = blank.restore(image)
            assert "error" not in said, said
            assert blank.run(PRODUCT) == expected
            assert blank.run("answer = len(os.listdir('/proc/self/task')) > 1") == "True"


def test_the_pool_of_threads_is_named_where_no_fork_has_ended_it(numeric: ForkServer, packages: Path) -> None:
    template = numeric.template(imports(packages, MATRIX + "; m @ m"))
    with pytest.raises(Refused, match=r"other threads: python"), numeric.image(template):
        pass
