#!/bin/sh
# `flag.sh NAME on|off [PLACE]`: a feature flag is a file on the machine of the Compose project, a key of a ConfigMap on a cluster. Safe
# to run twice.
set -eu
cd "$(dirname "$0")"
place=${3:-compose}
if [ "$place" != compose ]; then
    exec kubectl --context "${KUBE_CONTEXT:-$place}" --namespace "$place" \
        patch configmap app-flags --type merge --patch "{\"data\": {\"$1\": \"$2\"}}"
fi
mkdir -p flags
if [ "$2" = on ]; then : > "flags/$1"; else rm -f "flags/$1"; fi
