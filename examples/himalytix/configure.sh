#!/bin/sh
# Another setting: configure.sh NAME=VALUE.
set -eu
file=/etc/himalytix/erp.env
sed "s|^${1%%=*}=.*|$1|" "$file" > "$file.next"
mv "$file.next" "$file"
systemctl restart gunicorn.service celery.service celery-beat.service
