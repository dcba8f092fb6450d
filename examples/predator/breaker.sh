#!/bin/sh
# `breaker.sh on|off [PLACE]`: the circuit breaker before the payment provider. While it is on, the backend does without. Safe to run twice.
set -eu
place=${2:-production}
kubectl --context "${KUBE_CONTEXT:-$place}" --namespace "$place" \
    patch configmap predator-breaker --type merge --patch "{\"data\": {\"FALLBACK\": \"$1\"}}"
