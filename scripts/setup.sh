#!/bin/sh
# Makes .venv with every development tool, versions locked by hash, and lambdad itself, editable.
# Run by `make setup`; safe to run again.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! new_enough "$PYTHON"; then
    for candidate in python3.13 python3.12 python3.11; do
        if new_enough "$candidate"; then PYTHON="$candidate"; break; fi
    done
fi
if ! new_enough "$PYTHON"; then
    echo "setup: Python 3.11 or newer is needed, $PYTHON is not: install one (apt-get install python3)" >&2
    echo "setup: and name it if it is not on PATH: make PYTHON=/path/to/python3.12 setup" >&2
    exit 1
fi

# Debian and Ubuntu ship python3 without what `python3 -m venv` needs.
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    version="$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing python$version-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "python$version-venv" ca-certificates >/dev/null
    else
        echo "setup: python$version-venv is missing: sudo apt-get install python$version-venv" >&2
        exit 1
    fi
fi

[ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null || "$PYTHON" -m venv --clear .venv
echo "setup: installing requirements/dev.txt into .venv"
# uv does what pip does in a third of the time.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt
.venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode --require-hashes \
    -r requirements/dev.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
# What was installed is compiled, our own sources are not yet: the first start need not wait for that.
.venv/bin/python -m compileall -q src/lambdad
