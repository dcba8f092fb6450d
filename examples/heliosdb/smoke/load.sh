#!/bin/sh
# Fifty questions, at most one of which may fail.
set -eu
failed=$(curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}\n' \
    "http://127.0.0.1:${BI_PORT:-8081}/api/v1/query?n=[1-50]" | grep -vc '^200$' || true)
[ "$failed" -le 1 ]
