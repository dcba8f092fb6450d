#!/bin/sh
# What this team calls a deploy: deploy.sh VERSION [WORD]... A word is a service (without one, all three are deployed), a line
# of .env such as BI_MODE=crash, which is how a release is broken here, or `config`: a configuration that nobody can read.
set -eu
cd "$(dirname "$0")"
mkdir -p config flags maintenance
touch .env
version=$1
shift
all="conversational-bi compliance embedded-cloud-sync" services="" lines="" model="{ \"model\": \"$version\" }"
for word in "$@"; do
    case $word in
        *=*) lines="$lines $word" ;;
        config) model='{ "model": ' ;;
        *) services="$services $word" ;;
    esac
done
{
    grep -E '^(COMPOSE_PROJECT_NAME|BASE|IMAGES|[A-Z]+_PORT)=' .env || true
    for service in $all; do
        tag="$(echo "$service" | tr 'a-z-' 'A-Z_')_TAG"
        case " ${services:-$all} " in
            *" $service "*) echo "$tag=$version" ;;
            *) grep "^$tag=" .env || true ;;
        esac
    done
    for line in $lines; do echo "$line"; done
} > .env.next
mv .env.next .env
case "${services:-$all}" in *conversational-bi*) echo "$model" > config/app.json ;; esac
exec docker compose --file docker-compose.yml up --detach
