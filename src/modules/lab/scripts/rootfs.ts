import { raw, sh } from '../../../shell/quote.ts'

/** Packages that a node needs to be provisioned over SSH. */
export const basePackages = [
  'openssh-server',
  'sudo',
  'systemd-sysv',
  'dbus',
  'iproute2',
  'iptables',
  'ca-certificates',
  'procps',
  'kmod',
  'iputils-ping',
  'curl',
]

/** Raise it if {@link configureRootfs} or {@link buildRootfs} changes the result: roots are then rebuilt. */
const recipeVersion = 2

/**
 * Units for hardware, the console or the clock, which a node shares with the machine; and timers that would take the
 * package manager's lock during a play.
 */
const masked = [
  'systemd-udevd.service',
  'systemd-udevd-kernel.socket',
  'systemd-udevd-control.socket',
  'systemd-udev-trigger.service',
  'systemd-networkd.service',
  'systemd-timesyncd.service',
  'systemd-modules-load.service',
  'systemd-logind.service',
  'systemd-remount-fs.service',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'getty.target',
  'console-getty.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
]

/**
 * Shell functions that read this machine's package sources. A proxy or mirror URL may contain a password, so they are
 * never printed, only hashed.
 */
export const sourceFunctions = String.raw`
# deb lines of the distribution's own archives; third-party sources are excluded.
lab_sources() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
  while read -r uri release component origin; do
    case $uri in http://*|https://*) ;; *) continue ;; esac
    case $origin in
      Debian) keyring=/usr/share/keyrings/debian-archive-keyring ;;
      Ubuntu) keyring=/usr/share/keyrings/ubuntu-archive-keyring ;;
      *) continue ;;
    esac
    for file in "$keyring.gpg" "$keyring.pgp"; do [ ! -e "$file" ] || break; done
    signed=
    [ ! -e "$file" ] || signed="[signed-by=$file] "
    printf 'deb %s%s %s %s\n' "$signed" "$uri" "$release" "$component"
  done | awk '!seen[$0]++'
}
# apt settings for downloads: proxies, date checks.
lab_apt_settings() {
  apt-config dump 2>/dev/null | grep -E \
    '^Acquire::(Check-Valid-Until|Check-Date|Max-FutureTime|Retries|ForceIPv4|ForceIPv6|https?::[A-Za-z0-9:.-]+) ".+";$'
  [ -z "$http_proxy" ] || printf 'Acquire::http::Proxy "%s";\n' "$http_proxy"
  [ -z "$https_proxy" ] || printf 'Acquire::https::Proxy "%s";\n' "$https_proxy"
  printf 'Acquire::Languages "none";\n'
}
lab_codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"'; }
# The sources of another release of the same archives.
lab_release_sources() { lab_sources | sed "s/ $(lab_codename)\([-\/ ]\)/ $1\1/"; }
`

/**
 * Sets `$@` to mmdebstrap's options for a root whose \`/usr\` is merged from the start. Without them mmdebstrap merges
 * it with the package usrmerge, which installs Perl: 50 MB in every root. Releases without the
 * package usr-is-merged do not need them, and cannot be built with them. Requires `$release`.
 */
export const mergedUsrOptions = String.raw`
lab_hooks=/usr/share/mmdebstrap/hooks/merged-usr
set --
case $release in buster|bullseye|focal|jammy) lab_hooks= ;; esac
if [ -n "$lab_hooks" ] && [ -d "$lab_hooks" ] && apt-cache show usr-is-merged >/dev/null 2>&1; then
  lab_pin='Package: usrmerge
Pin: release *
Pin-Priority: -1
'
  set -- --hook-dir="$lab_hooks"     --setup-hook='mkdir -p "$1/etc/apt/preferences.d" && printf "'"$lab_pin"'" >"$1/etc/apt/preferences.d/usrmerge"'     --customize-hook='rm "$1/etc/apt/preferences.d/usrmerge"'
fi`

/** Contents of a root. */
export interface RootfsContents {
  /** Debian release; default: that of this machine. */
  readonly release?: string | undefined
  readonly packages: readonly string[]
  /** Packages to download into the root's apt cache. */
  readonly download: readonly string[]
}

const releaseOr = (release: string | undefined): string => release ?? '$(lab_codename)'

/** Prints the checksum of all inputs of a root. Requires {@link sourceFunctions}. */
export const rootfsRecipe = ({ release, packages, download }: RootfsContents): string =>
  sh`{ printf '%s\n' ${String(recipeVersion)} ${packages} download ${download} "${raw(releaseOr(release))}"; lab_release_sources "${raw(releaseOr(release))}"; lab_apt_settings; } | sha256sum | cut -c1-16`

/**
 * Builds `<path>/<recipe>` and points `<path>/current` to it. The build has its own namespaces, so that a killed build
 * leaves no mount and no process. An orphan of an earlier run also holds the lock.
 */
export const buildRootfs = (
  path: string,
  { release, packages, download }: RootfsContents,
  wanted: string,
): string => sh`
path=${path} wanted=${wanted} release="${raw(releaseOr(release))}"
mkdir -p "$path" || exit
exec 9>"$path/.lock" || exit
flock -w 900 9 || { echo "another build of $path is still running after 15 minutes" >&2; exit 1; }
if [ ! -d "$path/$wanted" ]; then
  rm -rf "$path"/*.tmp || exit
  work=$path/$wanted.tmp
  mkdir "$work" || exit
  lab_release_sources "$release" >"$path/.sources.list" && lab_apt_settings >"$path/.apt.conf" || exit
  ${raw(mergedUsrOptions)}
  # In a tmpfs if memory allows: a third faster, since dpkg syncs many small files. Only this namespace sees the mount.
  unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
    sh -c ${inMemory} "$work" "$release" "$path/.sources.list" \
    --quiet --variant=minbase --mode=root --include=${packages.join(',')} "$@" ${fetching(download)} --aptopt="$path/.apt.conf" >"$path/build.log" 2>&1 </dev/null ||
    { echo "mmdebstrap failed; last lines of $path/build.log:" >&2; tail -n 15 "$path/build.log" >&2; rm -rf "$work"; exit 1; }
  root=$work
  lab_finish || { echo "cannot configure the root in $work" >&2; exit 1; }
  mv "$work" "$path/$wanted" || exit
fi
ln -sfn "$wanted" "$path/.current" && mv -fT "$path/.current" "$path/current"`

/**
 * Runs mmdebstrap with the options after the first two arguments. $0: the directory for the root; $1: the release; $2:
 * a file of sources.
 */
const inMemory = String.raw`
target=$0 release=$1 sources=$2
shift 2
if [ "$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)" -gt 3000000 ]; then
  memory=$target/memory
  mkdir "$memory" && mount -t tmpfs -o mode=755,size=2g tmpfs "$memory" && mmdebstrap "$@" "$release" "$memory" "$sources" &&
    cp -a "$memory/." "$target" && umount "$memory" && rmdir "$memory"
else
  mmdebstrap "$@" "$release" "$target" "$sources"
fi`

/** Options that keep package archives and package lists in the root. */
const fetching = (download: readonly string[]): string[] =>
  download.length === 0
    ? []
    : [
        '--skip=cleanup/apt',
        `--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get clean && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" ` +
          sh`apt-get install --yes --download-only --no-install-recommends -o APT::Sandbox::User=root ${download}` +
          // Run inside, so that nodes need not parse the lists.
          ' && chroot "$1" apt-cache gencaches',
      ]

/** Shell function that configures a plain root for nodes. Requires `$root`. */
export const configureRootfs = String.raw`
lab_finish() {
  chroot "$root" useradd -m -s /bin/bash ops || return
  printf 'ops ALL=(ALL) NOPASSWD:ALL\n' >"$root/etc/sudoers.d/ops" && chmod 440 "$root/etc/sudoers.d/ops" || return
  rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" || return
  : >"$root/etc/machine-id" || return
  # Global kernel settings belong to the machine: a node must not change them at boot.
  mkdir -p "$root/etc/sysctl.d" || return
  for file in "$root"/usr/lib/sysctl.d/*.conf; do
    [ ! -e "$file" ] || ln -sf /dev/null "$root/etc/sysctl.d/$(basename "$file")" || return
  done
  for unit in ${masked.join(' ')}; do ln -sf /dev/null "$root/etc/systemd/system/$unit" || return; done
  mkdir -p "$root/etc/systemd/journald.conf.d" || return
  printf '[Journal]\nReadKMsg=no\nSystemMaxUse=64M\n' >"$root/etc/systemd/journald.conf.d/lab.conf" || return
  mkdir -p "$root/etc/ssh/sshd_config.d" || return
  # No fsync: only a power loss of this machine loses data, and the lab can be recreated.
  printf 'force-unsafe-io\n' >"$root/etc/dpkg/dpkg.cfg.d/lab" || return
  printf 'PasswordAuthentication no\nUseDNS no\nHostKey /etc/ssh/ssh_host_ed25519_key\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
}
`
