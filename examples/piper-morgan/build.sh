#!/bin/sh
# Builds two versions. BASE names an image with PostgreSQL, Redis, Prometheus and Python (`cargo xtask testbed up` makes
# `backout-test/site:1`). IMAGES is what their names begin with, LABEL a label that they get.
set -eu
cd "$(dirname "$0")"
for version in 1 2; do
    docker build --quiet ${LABEL:+--label "$LABEL"} --build-arg "BASE=$BASE" --build-arg "VERSION=$version" \
        --tag "${IMAGES:-piper-}app:$version" .
done
