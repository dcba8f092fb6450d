#!/bin/sh
# Makes this machine the ERP's host, once: what an administrator did long ago. The work tree in /var/www/himalytix has a tag for each
# version, and `main` is at the good one.
set -eu
here=$(cd "${0%/*}" && pwd)
erp=/var/www/himalytix data=/var/lib/postgresql/15/main
mkdir -p "$erp" "$data" /var/www/maintenance /etc/himalytix /etc/nginx/conf.d /etc/prometheus /etc/redis /var/lib/redis /var/log/gunicorn
cp "$here/etc/erp.env" /etc/himalytix/
cp "$here/etc/nginx.conf" /etc/nginx/
cp "$here/etc/himalytix.conf" /etc/nginx/conf.d/
cp "$here/etc/prometheus.yml" /etc/prometheus/
cp "$here/etc/redis.conf" /etc/redis/
cp "$here"/units/*.service /etc/systemd/system/

# The versions.
cd "$erp"
git init --quiet --template= --initial-branch=main
git config user.name Himalytix
git config user.email deploy@himalytix.com
cp -r "$here/site/." .
echo __pycache__/ > .gitignore
release() {
    echo "$1" > VERSION
    echo "${2:-good}" > MODE
    if [ -d "$here/versions/$1" ]; then cp -r "$here/versions/$1/." .; fi
    git add --all
    git commit --quiet --message "Release $1"
    git tag "$1"
}
release v1.5.1
release v1.5.2
while read -r version mode; do
    git checkout --quiet --detach v1.5.2
    release "$version" "$mode"
done < "$here/versions/list"
git checkout --quiet main

# The database, and what else there is.
chown -R postgres:postgres /var/lib/postgresql
setpriv --reuid=postgres --regid=postgres --clear-groups -- \
    /usr/lib/postgresql/15/bin/initdb -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > /dev/null
echo 'host all all all trust' >> "$data/pg_hba.conf"
mkdir -p /etc/postgresql/15/main/conf.d
cp "$here/etc/postgresql.conf" /etc/postgresql/15/main/conf.d/himalytix.conf
echo "include_dir = '/etc/postgresql/15/main/conf.d'" >> "$data/postgresql.conf"
systemctl daemon-reload
systemctl start postgresql.service redis-server.service nginx.service prometheus.service
/usr/lib/postgresql/15/bin/psql --quiet --host=127.0.0.1 --username=postgres --command='CREATE DATABASE himalytix' postgres
set -a
. /etc/himalytix/erp.env
python3 manage.py migrate --noinput --verbosity 0
DJANGO_SUPERUSER_PASSWORD="${ERP_PASSWORD:-test}" \
    python3 manage.py createsuperuser --noinput --username "${ERP_USER:-admin}" --email admin@himalytix.com
systemctl start gunicorn.service celery.service celery-beat.service
