#!/bin/sh
# Builds every version of the story. BASE names an image with PostgreSQL and Python (`cargo xtask testbed up` makes
# `backout-test/site:1`); nothing is pulled. IMAGES is what their names begin with, LABEL a label that they get.
set -eu
cd "$(dirname "$0")"
prefix=${IMAGES:-backout-example/}
build() {
    docker build --quiet ${LABEL:+--label "$LABEL"} --build-arg "BASE=$BASE" --build-arg "IMAGE=$1" --tag "$prefix$1" .
}
for tag in main-1 main-2 main-crash main-errors main-price main-broken main-negative main-dies page; do build "api:$tag"; done
for tag in main-1 main-2; do build "web:$tag"; done
