#!/bin/sh
# A feature flag: a file that the services look for. Safe to run twice.
set -eu
cd "$(dirname "$0")"
mkdir -p flags
case "$1" in set) touch "flags/$2" ;; unset) rm -f "flags/$2" ;; *) exit 2 ;; esac
