#!/bin/sh
# The shell function under load: the custom runtime of AWS's tutorial, two curls per invocation.
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
HEADERS="$(mktemp)"
while :; do
  curl -sS -LD "$HEADERS" "$API/next" -o /dev/null || exit 1
  ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -o /dev/null "$API/$ID/response" -d '{"ok":1}'
done
