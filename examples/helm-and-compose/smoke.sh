#!/bin/sh
# Places an order and takes it back: what a user would miss first.
set -eu
url="${API_URL:-http://127.0.0.1:${API_PORT:-18000}}"
id=$(curl --silent --fail --max-time 5 --data '1' "$url/orders" | sed 's/[^0-9]//g')
psql "$DATABASE_URL" --no-psqlrc --quiet --command "DELETE FROM orders WHERE id = $id"
