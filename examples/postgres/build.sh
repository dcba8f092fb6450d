#!/bin/sh
# Builds two images of the shop: version 1 is good, and version 2 has a migration that forgets what customers wrote.
# BASE names an image with Python; it gets Django and a PostgreSQL driver unless it has them.
set -eu
cd "$(dirname "$0")"
for version in v1 v2; do
    docker build --quiet --build-arg "BASE=${BASE:-python:3.11-slim}" --build-arg "VERSION=$version" --tag "shop:$version" .
done
