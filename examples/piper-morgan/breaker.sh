#!/bin/sh
# A circuit breaker: a file that the application looks for. Safe to run twice.
set -eu
cd "$(dirname "$0")"
mkdir -p breaker
case "$1" in open) touch breaker/open ;; close) rm -f breaker/open ;; *) exit 2 ;; esac
