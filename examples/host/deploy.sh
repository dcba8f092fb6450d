#!/bin/sh
# What this team calls a deploy: another release folder, the link `current` to it, and the service anew.
set -eu
cd "$(dirname "$0")"
mkdir -p "site/releases/$1"
echo "<h1>version $1</h1>" > "site/releases/$1/index.html"
# Version 2 forgets the page that says how it is.
[ "$1" = 2 ] || echo '{ "status": "healthy" }' > "site/releases/$1/health.json"
ln -sfn "releases/$1" site/current
exec backout --quiet restart site
