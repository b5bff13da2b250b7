# Four tasks by hand. $1 is the host's name.
set -eu
umask 022
changed=0
did() { changed=$((changed + 1)); }
if [ "$(stat -c '%a %U %G' /srv/four 2>/dev/null)" != '755 root root' ]; then
  mkdir -p /srv/four && chown root:root /srv/four && chmod 755 /srv/four
  did
fi
wanted=$(cat <<'EOF'
@files/limits.conf@
EOF
)
if [ "$(cat /srv/four/limits.conf 2>/dev/null)" != "$wanted" ] || [ "$(stat -c '%a %U %G' /srv/four/limits.conf)" != '644 root root' ]; then
  printf '%s\n' "$wanted" >/srv/four/limits.conf
  chown root:root /srv/four/limits.conf && chmod 644 /srv/four/limits.conf
  did
fi
grep -qxF 'APP_ENV=production' /etc/environment || { echo 'APP_ENV=production' >>/etc/environment; did; }
grep -q '^erin:[^:]*:2505:[^:]*:[^:]*:/home/erin:/bin/bash$' /etc/passwd || { useradd -m -u 2505 -d /home/erin -s /bin/bash erin; did; }
echo "$1 changed=$changed"
