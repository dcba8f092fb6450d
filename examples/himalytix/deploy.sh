#!/bin/sh
# What this team calls a deploy: deploy.sh VERSION. The version's commits, a restart, and its migrations.
set -eu
cd /var/www/himalytix
git merge --quiet --no-edit "$1"
systemctl restart gunicorn.service celery.service celery-beat.service
set -a
. /etc/himalytix/erp.env
exec python3 manage.py migrate --noinput --verbosity 0
