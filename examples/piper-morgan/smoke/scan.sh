#!/bin/sh
# Stands for a scanner: nothing of this project is published beyond this machine.
set -eu
published=$(docker compose ps --format '{{.Ports}}')
case "$published" in *0.0.0.0:* | *'[::]:'*) exit 1 ;; esac
