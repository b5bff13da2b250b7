#!/bin/bash
# A minimal Debian of this machine's release and package sources, with this machine's Node, git and nothing else, and a fresh clone of the
# project in it after npm ci. test/minimal/minimal.test.ts calls it. Nothing that it mounts or starts outlives it, however it ends.
#   root.sh make FOLDER PROJECT SOURCES APTCONF CODENAME    build FOLDER/base
#   root.sh run FOLDER COMMAND...                           run a command in a copy of it, in the clone
set -euo pipefail

what=$1 folder=$2
shift 2
if [ "${LABBOOK_MINIMAL_INSIDE-}" != "$$" ]; then
  # A separate process group and namespaces; --kill-child ends all in them with this script.
  exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
    /bin/bash -c 'LABBOOK_MINIMAL_INSIDE=$$ exec /bin/bash "$@"' bash "$0" "$what" "$folder" "$@"
fi

# Settings for the package registries: environment variables, and the files that they name.
settings=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb)
reach() {
  local name value
  while IFS='=' read -r name value; do
    case $name in
      *_proxy | *_PROXY | *CERT* | *CA_BUNDLE | *CAINFO | *CA_CERTS*) settings+=("$name=$value") ;;
      *) continue ;;
    esac
    # Replaces the root's directory, which lacks the CAs of this machine and has links that lead out of the root.
    if [[ $value == /?* && -e $value ]]; then
      rm -rf "${root:?}$value" && mkdir -p "$root${value%/*}" && cp -aL "$value" "$root$value"
    fi
  done < <(env)
}

# The kernel's file systems, and a machine whose packages start no services.
enter() {
  # A mount point, as a machine's root is: unshare --mount fails in one that is none.
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount -t tmpfs tmpfs "$root/run"
  # This shell is process 1: it adopts the processes that a test leaves running.
  chroot "$root" env -i "${settings[@]}" "$@" </dev/null && return
  return $?
}

case $what in
  make)
    project=$1 sources=$2 aptconf=$3 codename=$4
    root=$folder/base
    mmdebstrap --quiet --variant=minbase --mode=root --include=git,ca-certificates,libstdc++6,libatomic1 \
      --aptopt="$aptconf" --dpkgopt=force-unsafe-io "$codename" "$root" "$sources"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    # Node as one program, and npm, which is JavaScript.
    npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
    cp -L "$(command -v node)" "$root/usr/local/bin/node"
    mkdir -p "$root/usr/local/lib/node_modules"
    cp -aL "$npm" "$root/usr/local/lib/node_modules/npm"
    for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$root/usr/local/bin/$name"; done
    chroot "$root" /usr/local/bin/node --version >&2
    git clone --quiet --no-hardlinks "$project" "$root/root/labbook"
    reach
    # The npm settings of this machine are used once, and neither printed nor kept.
    umask 077
    for from in user:/root/.npmrc global:/usr/local/etc/npmrc; do
      file=$(npm config get "${from%%:*}config")
      [ ! -f "$file" ] || { mkdir -p "$root$(dirname "${from#*:}")"; grep -v '^nodedir=' "$file" >"$root${from#*:}" || :; }
    done
    umask 022
    code=0
    enter sh -c 'cd /root/labbook && npm ci --no-audit --no-fund' >&2 || code=$?
    rm -f "$root/root/.npmrc" "$root/usr/local/etc/npmrc"
    exit "$code"
    ;;
  run)
    root=$(mktemp -d "$folder/copy.XXXXXX")
    # Unmounted by the end of the namespace, which this waits for.
    cp -a --reflink=auto "$folder/base/." "$root/"
    reach
    enter sh -c 'cd /root/labbook && exec "$@"' sh "$@"
    ;;
esac
