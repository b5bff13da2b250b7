# The 25 tasks by hand: one script, sent to a host's sh over one ssh. $1 is the host's name, $2 its address.
# Each task looks first and changes only what differs; the last line says how many tasks changed something.
set -eu
umask 022
changed=0
did() { changed=$((changed + 1)); }

# attributes PATH 'MODE OWNER GROUP'
attributes() {
  [ "$(stat -c '%a %U %G' "$1")" != "$2" ] || return 1
  set -- "$1" $2
  chown "$3:$4" "$1"
  chmod "$2" "$1"
}
user() { # NAME UID SHELL
  grep -q "^$1:[^:]*:$2:2500:[^:]*:/home/$1:$3$" /etc/passwd && return
  if id "$1" >/dev/null 2>&1; then usermod -u "$2" -g app -d "/home/$1" -s "$3" "$1"
  else useradd -m -u "$2" -g app -d "/home/$1" -s "$3" "$1"; fi
  did
}
directory() { # PATH 'MODE OWNER GROUP'
  done=
  [ -d "$1" ] || { mkdir -p "$1"; done=yes; }
  ! attributes "$1" "$2" || done=yes
  [ -z "$done" ] || did
}
content() { # PATH 'MODE OWNER GROUP' <CONTENT
  wanted=$(cat; echo .) done=
  if [ ! -f "$1" ] || [ "$(cat "$1"; echo .)" != "$wanted" ]; then
    printf %s "${wanted%.}" >"$1.new"
    chmod --reference="$1" "$1.new" 2>/dev/null || chmod 600 "$1.new"
    mv "$1.new" "$1"
    done=yes
  fi
  ! attributes "$1" "$2" || done=yes
  [ -z "$done" ] || did
}
line() { # PATH LINE
  grep -qxF "$2" "$1" || { printf '%s\n' "$2" >>"$1"; did; }
}

grep -q '^app:[^:]*:2500:' /etc/group || { groupadd -g 2500 app; did; }
user alice 2501 /bin/bash
user bob 2502 /bin/bash
user carol 2503 /bin/bash
user dave 2504 /usr/sbin/nologin
directory /srv/app '755 root app'
directory /srv/app/config '750 root app'
directory /srv/app/logs '770 alice app'
directory /srv/app/releases '755 root root'
content /srv/app/config/server.conf '640 root app' <<'EOF'
@files/server.conf@
EOF
content /srv/app/config/limits.conf '644 root root' <<'EOF'
@files/limits.conf@
EOF
content /srv/app/config/rotate.conf '644 root root' <<'EOF'
@files/rotate.conf@
EOF
content /srv/app/config/jobs.cron '600 alice app' <<'EOF'
@files/jobs.cron@
EOF
content /srv/app/config/words.list '644 bob app' <<'EOF'
@files/words.list@
EOF
content /srv/app/config/app.ini '640 root app' <<EOF
; counter on $1
[app]
name = counter
port = 8080
bind = $2
EOF
content /srv/app/config/peers.list '644 root root' <<EOF
# The peers of $1.
peer red 8080
peer green 8080
peer blue 8080
EOF
content /etc/issue '644 root root' <<EOF
This is $1 ($2), one of the machines of counter.
EOF
line /etc/hosts '127.0.0.1 app.internal'
line /etc/environment 'APP_ENV=production'
line /etc/security/limits.conf 'alice hard nofile 65536'
if ! grep -qx 'UMASK 027' /etc/login.defs; then sed -i 's/^UMASK.*/UMASK 027/' /etc/login.defs; did; fi
[ ! -e /etc/motd ] || { rm -f /etc/motd; did; }
[ "$(readlink /srv/app/current || :)" = /srv/app/releases ] || { ln -sfn /srv/app/releases /srv/app/current; did; }
[ -e /srv/app/releases/os-release ] || { cp /usr/lib/os-release /srv/app/releases/os-release; did; }
df -P / | awk 'NR == 2 && $5 + 0 >= 95 { exit 1 }'
echo "$1 changed=$changed"
