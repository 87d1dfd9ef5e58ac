#!/bin/sh
# Sets up what tests need beside .venv: system programs; the AWS CLI, Chalice, the JavaScript SDK and a local SQS, SNS,
# EventBridge and S3, each in a place of its own (.venv-awscli, .cache/chalice, .cache/js, .cache/companion-…); and
# where FULL_TESTS is set programs on AWS's crates and its Go SDK (.cache). Run by `make test`; safe to run again.
set -eu
cd "$(dirname "$0")/.."

# program → Debian package
missing=""
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need nft nftables
need mkfs.btrfs btrfs-progs
need ip iproute2
need pasta passt
need cc gcc
need node nodejs
need npm npm
need curl curl
# Drives the console.
need chromium-headless-shell chromium-headless-shell
need go golang-go
PATH="$PATH:$HOME/.cargo/bin"
need wrk wrk
if [ -n "${FULL_TESTS:-}" ]; then
    need cargo cargo
fi
need setpriv util-linux
need newuidmap uidmap
# A compiler without the C library's headers cannot build the compiled bootstrap of the tests.
[ -e /usr/include/stdlib.h ] || missing="$missing libc6-dev"

get_missing() {
    if [ -z "$missing" ]; then
        return
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "test: installing$missing"
        apt-get update -qq
        # shellcheck disable=SC2086 - a list of package names
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        echo "test: not root, so these packages are not installed:$missing" >&2
        echo "test: what needs them is left out and listed at the end; to run it: sudo apt-get install$missing" >&2
    fi
}
get_missing

# A place of its own for what requirements/NAME.txt lists.
install() {
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python "$1"
    .venv/bin/uv pip install --quiet --python "$1/bin/python" --compile-bytecode --require-hashes \
        -r "requirements/$2.txt"
}

# The AWS CLI pins a botocore of its own, which would fight with ours.
if ! cmp -s requirements/awscli.txt .venv-awscli/requirements.txt; then
    echo "test: installing the AWS CLI into .venv-awscli"
    install .venv-awscli awscli
    cp requirements/awscli.txt .venv-awscli/requirements.txt
fi

# The companion, and what stands for other services where tests name them by an endpoint; beside what follows.
.venv/bin/lambdad neighbours install --companion-dir "$PWD/.cache" >/dev/null &
companion=$!

# What the functions of examples/ ask for: tests install it from here.
if ! cmp -s examples/thumbnails/function/requirements.txt .cache/wheels/requirements.txt; then
    echo "test: fetching what examples ask for into .cache/wheels"
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --dest .cache/wheels \
        -r examples/thumbnails/function/requirements.txt
    cp examples/thumbnails/function/requirements.txt .cache/wheels/requirements.txt
fi

# A deployment tool with a botocore of its own.
if ! cmp -s requirements/chalice.txt .cache/chalice/requirements.txt; then
    echo "test: installing Chalice into .cache/chalice"
    install .cache/chalice chalice
    cp requirements/chalice.txt .cache/chalice/requirements.txt
fi

if command -v npm >/dev/null && ! cmp -s requirements/js/package-lock.json .cache/js/installed.json; then
    echo "test: installing the JavaScript SDK into .cache/js"
    mkdir -p .cache/js
    cp requirements/js/package.json requirements/js/package-lock.json .cache/js/
    (cd .cache/js && npm ci --no-audit --no-fund --loglevel=error >/dev/null)
    cp requirements/js/package-lock.json .cache/js/installed.json
fi

# Lines of Node.js that this host lacks. Where tests ask AWS's runtime client for it (in the long form, and on a Node.js
# whose answers are not on record), that too: its native part is compiled, about a minute, once, beside what follows.
missing=$(.venv/bin/python tests/integration/runtimes/official_clients.py packages | sed 's/^./ &/')
if [ "$(id -u)" = 0 ]; then
    get_missing
fi
clients=
if command -v npm >/dev/null; then
    .venv/bin/python tests/integration/runtimes/official_clients.py &
    clients=$!
fi

if [ -n "${FULL_TESTS:-}" ]; then
    # Functions and extensions on AWS's Rust crates as they are published: about 45 s of compiling, once.
    if command -v cargo >/dev/null; then
        CARGO_TARGET_DIR="$PWD/.cache/rust" cargo build --quiet --locked \
            --manifest-path tests/functional/programs/rust/Cargo.toml
    fi

    # A deployment tool on AWS's Go SDK: about 35 s of compiling, once.
    if command -v go >/dev/null; then
        (cd tests/functional/programs/go-deploy &&
            CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go build -o ../../../../.cache/go/deploy .)
    fi
fi

if [ -n "$clients" ]; then
    wait "$clients"
fi
wait "$companion"
