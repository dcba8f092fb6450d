#!/bin/sh
# What this team calls a deploy: deploy.sh VERSION [WORD]... A word is a service (without one, `app` and `web` are deployed), a
# line of .env such as APP_MODE=crash, which is how a release is broken here, or `config`: a configuration that nobody can read.
set -eu
cd "$(dirname "$0")"
mkdir -p config breaker
touch .env
version=$1
shift
services="" lines="" model="{ \"model\": \"$version\" }"
for word in "$@"; do
    case $word in
        *=*) lines="$lines $word" ;;
        config) model='{ "model": ' ;;
        *) services="$services $word" ;;
    esac
done
{
    grep -E '^(COMPOSE_PROJECT_NAME|BASE|IMAGES|[A-Z]+_PORT)=' .env || true
    for service in app web grafana; do
        tag="$(echo "$service" | tr a-z A-Z)_TAG"
        case " ${services:-app web} " in
            *" $service "*) echo "$tag=$version" ;;
            *) grep "^$tag=" .env || true ;;
        esac
    done
    for line in $lines; do echo "$line"; done
} > .env.next
mv .env.next .env
case " ${services:-app} " in *" app "*) echo "$model" > config/piper.json ;; esac
exec docker compose --file docker-compose.yml up --detach
