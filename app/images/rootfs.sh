#!/bin/sh
# Builds a base image of Debian or Ubuntu packages as a tar file, for machines that cannot reach Docker Hub:
#
#     sh rootfs.sh core OUT.tar && docker import OUT.tar labbook/debian-core
#
# core    counter, gateway, redis, registry, hello-world
# extra   voting, voting-db, balancer
#
# Runs as root on a machine with mmdebstrap and takes packages from where that machine's own apt takes them.
# The same package lists give the same file, byte for byte.
set -eu

fail() {
  echo "rootfs.sh: $1" >&2
  exit 1
}

[ $# -eq 2 ] || fail 'usage: rootfs.sh core|extra OUT.tar'
case $1 in
  core) packages=python3-flask,gunicorn,python3-redis,redis-server,nginx-light,docker-registry,curl,ca-certificates,tzdata ;;
  extra) packages=python3-flask,gunicorn,python3-redis,python3-psycopg2,nginx-light,haproxy,curl,ca-certificates,tzdata ;;
  *) fail "no base image $1: name core or extra" ;;
esac
[ "$(id -u)" -eq 0 ] || fail 'must run as root: it creates files of other owners'
command -v mmdebstrap >/dev/null || fail 'mmdebstrap is missing; install it with: apt-get install mmdebstrap'

contents=$1
out=$(realpath -m -- "$2")
work=$out.work
mkdir -p -- "$(dirname -- "$out")"
# The directory itself is the lock, so no lock file stays behind.
exec 9<"$(dirname -- "$out")"
# A build goes on when its caller is killed: wait for it, and use its result.
flock -w 900 9 || fail "another build in $(dirname -- "$out") has not ended within 15 minutes"
[ ! -e "$out" ] || exit 0

# One file system only, so that nothing that is still mounted below is deleted.
rm -rf --one-file-system -- "$work"
mkdir -m 700 -- "$work"
trap 'rm -rf --one-file-system -- "$work"' EXIT
trap 'exit 130' HUP INT TERM

# RELEASE is the name in the sources; Ubuntu's CODENAME is the same for all its pockets. Sources of other vendors are left
# out: the image does not need them, and their keys are unknown here.
apt-get indextargets --format '$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  sed -n 's/^\(Debian\|Ubuntu\)|//p' | sort -u > "$work/sources.list"
[ -s "$work/sources.list" ] || fail 'apt knows no package list of Debian or Ubuntu; fix it with: apt-get update'

# Proxy and time limits of this machine's apt. They may contain a password, so they are in a file and not in the image.
apt-config dump Acquire |
  grep -E '^Acquire::(https?::|Retries |ForceIPv[46] |Check-Date |Check-Valid-Until |Max-ValidTime)' > "$work/apt.conf" || true

# The archive keys of this machine's vendor, in either of the two usual places.
mkdir "$work/keyring"
for key in /etc/apt/trusted.gpg.d/*.asc /etc/apt/trusted.gpg.d/*.gpg /usr/share/keyrings/debian-archive-keyring.gpg \
  /usr/share/keyrings/ubuntu-archive-keyring.gpg; do
  [ ! -f "$key" ] || cp -- "$key" "$work/keyring/"
done

# The date of the newest package list is the time stamp of every file in the image.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(
    sed -n 's/^Date: //p' /var/lib/apt/lists/*Release | while read -r day; do date -d "$day" +%s; done | sort -n | tail -n 1
  )
fi
export SOURCE_DATE_EPOCH

# A merged /usr from the start: otherwise mmdebstrap installs the package usrmerge, and with it all of Perl (50 MB).
# Releases without usr-is-merged do not need it.
merged=/usr/share/mmdebstrap/hooks/merged-usr
set --
if [ -d "$merged" ] && apt-cache show usr-is-merged >/dev/null 2>&1; then
  set -- --hook-dir="$merged" \
    --setup-hook='mkdir -p "$1/etc/apt/preferences.d"; printf "Package: usrmerge\nPin: release *\nPin-Priority: -1\n" > "$1/etc/apt/preferences.d/usrmerge"' \
    --customize-hook='rm "$1/etc/apt/preferences.d/usrmerge"'
fi

# PostgreSQL without the other dependencies of its packages (LLVM, Perl, a certificate, a cluster: 250 MB): its libraries
# are installed, its files are unpacked.
if [ "$contents" = extra ]; then
  postgres=$(apt-cache depends postgresql | sed -n 's/^ *Depends: \(postgresql-[0-9]*\)$/\1/p')
  [ -n "$postgres" ] || fail 'apt knows no package postgresql; fix it with: apt-get update'
  libraries=$(apt-cache depends "$postgres" | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p' | grep -v llvm | tr '\n' ,)
  packages=$packages,${libraries%,}
  mkdir "$work/unpacked"
  export postgres work
  set -- "$@" \
    --customize-hook='cd "$work/unpacked" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -o APT::Sandbox::User=root download "$postgres" "postgresql-client-${postgres#*-}"' \
    --customize-hook='for deb in "$work"/unpacked/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$1" --exclude=./usr/share/man --exclude=./usr/share/locale --exclude="./usr/share/postgresql/*/man" --exclude="./usr/lib/postgresql/*/lib/bitcode" --exclude="./usr/lib/postgresql/*/lib/llvmjit*"; done' \
    --customize-hook='chroot "$1" useradd --system --user-group --home-dir /var/lib/postgresql --create-home --skel /nonexistent --shell /usr/sbin/nologin postgres'
fi

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

# A separate mount namespace, so that no mount is left behind. The files are in memory if there is enough, which is a third
# faster, since dpkg writes many small files; else beside the result, since /tmp is often small or has no devices.
mkdir "$work/build"
# shellcheck disable=SC2016
TMPDIR=$work/build unshare --mount --propagation private -- sh -c '
  if [ "$(sed -n "s/^MemAvailable: *\([0-9]*\) kB/\1/p" /proc/meminfo)" -gt 3000000 ]; then mount -t tmpfs -o mode=755,size=2g tmpfs "$TMPDIR" || exit; fi
  exec mmdebstrap "$@"' sh \
  --quiet --mode=root --format=tar --variant=apt --include="$packages" "$@" \
  --keyring="$work/keyring" --aptopt="$work/apt.conf" --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/lib/*/gconv/*' \
  --dpkgopt='path-exclude=/usr/share/zoneinfo/right/*' \
  --customize-hook='rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/apt.conf.d/99mmdebstrap' \
  --customize-hook='rm -rf "$1"/var/log/nginx/* "$1"/var/log/redis/*' \
  --customize-hook='ln -s /dev/stderr "$1"/var/log/nginx/error.log' \
  --customize-hook='rm -f "$1"/var/cache/debconf/*.dat-old' \
  --customize-hook=': > "$1"/etc/hostname; : > "$1"/etc/resolv.conf' \
  "$suite" "$work/root.tar" - < "$work/sources.list" || fail 'mmdebstrap failed; its messages above say why'

mv -- "$work/root.tar" "$out"
