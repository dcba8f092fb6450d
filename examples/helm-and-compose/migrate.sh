#!/bin/sh
# Applies what is in `migrations/` and not in the table yet, each file in one transaction, as dbmate does. `upcoming/VERSION/` is what
# the checkout of that version has beside them.
set -eu
cd "$(dirname "$0")"
query() { psql "$DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
query --command 'CREATE TABLE IF NOT EXISTS schema_migrations (version varchar PRIMARY KEY)' 2> /dev/null
for file in upcoming/*/*.sql; do rm -f "migrations/$(basename "$file")"; done
[ ! -d "upcoming/$1" ] || cp "upcoming/$1"/*.sql migrations/
for file in migrations/*.sql; do
    version=$(basename "$file" | cut -d_ -f1)
    [ -z "$(query --command "SELECT 1 FROM schema_migrations WHERE version = '$version'")" ] || continue
    {
        sed -n '/^-- migrate:up/,/^-- migrate:down/p' "$file"
        echo "INSERT INTO schema_migrations VALUES ('$version');"
    } | query --single-transaction --file -
done
