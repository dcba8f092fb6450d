#!/bin/sh
# What this team calls a deploy: another version and another setting, and up. The application migrates when it starts.
set -eu
cd "$(dirname "$0")"
{
    echo "APP_IMAGE=shop:v$1"
    [ -z "${DB_IMAGE:-}" ] || echo "DB_IMAGE=$DB_IMAGE"
    [ -z "${DB_DATA:-}" ] || echo "DB_DATA=$DB_DATA"
} > .env
mkdir -p config
echo "{ \"greeting\": \"hello from version $1\" }" > config/shop.json
exec docker compose up --detach
