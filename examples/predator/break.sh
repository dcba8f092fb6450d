#!/bin/sh
# For drills: the backend of staging answers with errors while this is on. Safe to run twice.
set -eu
kubectl --context "${KUBE_CONTEXT:-staging}" --namespace staging \
    patch configmap predator-breaker --type merge --patch "{\"data\": {\"ERRORS\": \"$1\"}}"
