#!/bin/sh
# What this team calls a deploy: `deploy.sh API_TAG [WORD]...`, to the place that BACKOUT_ENVIRONMENT names (else Compose). A word is
# `web=TAG`, or `config`: a configuration that nobody can read.
set -eu
cd "$(dirname "$0")"
place=${BACKOUT_ENVIRONMENT:-compose} api=$1 web=main-1 greeting='greeting = "hello"'
shift
for word in "$@"; do
    case $word in
        web=*) web=${word#web=} ;;
        config) greeting='greeting = ' ;;
    esac
done
if [ "$place" != compose ]; then
    ./migrate.sh "$api"
    exec helm upgrade app chart --install --namespace "$place" --kube-context "${KUBE_CONTEXT:-$place}" \
        --set "api.tag=$api" --set "web.tag=$web" --wait --timeout 5m
fi
mkdir -p flags
touch .env
{
    grep -E '^(COMPOSE_PROJECT_NAME|BASE|IMAGES|[A-Z]+_PORT)=' .env || true
    echo "API_TAG=$api"
    echo "WEB_TAG=$web"
} > .env.next
port=$(sed -n 's/^POSTGRES_PORT=//p' .env)
export DATABASE_URL="${DATABASE_URL:-postgres://postgres@127.0.0.1:${port:-15434}/app?sslmode=disable}"
docker compose --file docker-compose.prod.yml --env-file .env.next up --detach --wait postgres
./migrate.sh "$api"
mv .env.next .env
echo "$greeting" > web.toml
exec docker compose --file docker-compose.prod.yml up --detach
