#!/bin/sh
# Makes this machine ready for the units: sudo sh deploy/install.sh     (from the checkout in /opt/tsunagari; run it again
# after each release). It starts nothing and changes no setting that is there.
set -eu
cd /opt/tsunagari

id tsunagari >/dev/null 2>&1 ||
  useradd --system --home-dir /var/lib/tsunagari --shell /usr/sbin/nologin tsunagari
make .venv/.runtime

install -d -m 0700 /etc/tsunagari
for file in tsunagari.env backup.env; do
  [ -e "/etc/tsunagari/$file" ] || install -m 0600 "deploy/$file" /etc/tsunagari/
done
install -d -m 0700 -o tsunagari -g tsunagari /var/backups/tsunagari

cp -r deploy/systemd/. /etc/systemd/system/
install -m 0755 deploy/tsunagari /usr/local/bin/tsunagari
systemctl daemon-reload
