#!/bin/sh
# A runtime of its own: takes an event from the Runtime API, answers it, and takes the next.
set -eu
runtime="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
    event=$(curl -sS -D /tmp/headers "$runtime/next")
    id=$(tr -d '\r' </tmp/headers | awk 'tolower($1) == "lambda-runtime-aws-request-id:" { print $2 }')
    echo "answering $id" >&2
    curl -sS -o /dev/null "$runtime/$id/response" --data-binary "{\"greeting\": \"Hello, world!\", \"event\": $event}"
done
