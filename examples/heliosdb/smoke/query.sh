#!/bin/sh
# A question, as a user asks it.
set -eu
curl --fail --silent --max-time 5 --header 'Content-Type: application/json' \
    --data '{ "question": "Which users are there?", "database": "heliosdb" }' \
    "http://127.0.0.1:${BI_PORT:-8081}/api/v1/query" | grep -q '"rows"'
