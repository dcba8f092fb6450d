#!/bin/sh
# `chaos.sh on|off PLACE`: for drills, the API gets an image that does not exist. Going back mends it; `off` has nothing to undo.
set -eu
[ "$1" = off ] || exec kubectl --context "${KUBE_CONTEXT:-$2}" --namespace "$2" set image deployment/app-api \
    api=backout-example/api:nowhere-missing
