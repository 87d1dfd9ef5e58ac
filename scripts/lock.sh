#!/bin/sh
# Compiles requirements/*.in to *.txt with exact versions and hashes for every platform.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .venv-lock/bin/uv ]; then
    "${PYTHON:-python3}" -m venv .venv-lock
    .venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
fi
cd requirements
for name in setup runtime dev awscli ministack chalice; do
    out="$name.txt"
    # Goes into the wheel: `lambdad neighbours install` installs it.
    [ "$name" != ministack ] || out=../src/lambdad/neighbours/companion/requirements.txt
    ../.venv-lock/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links -o "$out" "$name.in" "$@"
done
