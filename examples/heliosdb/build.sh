#!/bin/sh
# Builds three versions of the team's images. BASE names an image with PostgreSQL, Redis, nginx, Prometheus and Python
# (`cargo xtask testbed up` makes `backout-test/site:1`). IMAGES is what their names begin with, LABEL a label that they get.
set -eu
cd "$(dirname "$0")"
prefix=${IMAGES:-heliosdb-}
for version in v7.0.0-rc1 v7.0.0 v7.0.1; do
    mkdir -p "app/$version"
    docker build --quiet ${LABEL:+--label "$LABEL"} --build-arg "BASE=$BASE" --build-arg "VERSION=$version" \
        --tag "${prefix}conversational-bi:$version" .
    for service in compliance embedded-cloud-sync; do
        docker tag "${prefix}conversational-bi:$version" "$prefix$service:$version"
    done
done
