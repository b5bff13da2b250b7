import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { rootfsRecipe, sourceFunctions } from '../../src/modules/lab/scripts/rootfs.ts'
import { sh } from '../../src/shell/quote.ts'
import { output } from './command.ts'
import { CACHE } from './places.ts'

/** Packages of a host: only what Ansible needs. */
const PACKAGES = ['openssh-server', 'python3', 'procps', 'libpam-modules', 'login', 'passwd']

/** Raise it if {@link build} changes the result. */
const VERSION = 1

/**
 * Requires {@link sourceFunctions}. Runs in its own namespaces, so that a killed build leaves no mount.
 */
const build = (root: string): string => sh`
root=${root}
set -e
rm -rf "$root".tmp && mkdir -p "$root".tmp
exec 9>"$root".lock && flock -w 900 9
[ ! -d "$root" ] || exit 0
lab_sources >"$root".list && lab_apt_settings >"$root".conf
unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
  mmdebstrap --quiet --variant=minbase --mode=root --include=${PACKAGES.join(',')} \
  --aptopt="$root".conf "$(lab_codename)" "$root".tmp "$root".list >"$root".log 2>&1 </dev/null ||
  { tail -n 15 "$root".log >&2; exit 1; }
rm -f "$root".list "$root".conf
cd "$root".tmp
rm -f etc/ssh/ssh_host_* etc/hostname
mkdir -p run/sshd root/.ssh
chmod 700 root/.ssh
printf '127.0.0.1 localhost\\n' >etc/hosts
printf 'Welcome.\\n' >etc/motd
: >etc/environment
chmod 644 etc/hosts etc/motd etc/environment
mv "$root".tmp "$root"`

/** Builds the lower file system of all hosts once. @returns its directory. */
export async function baseRoot(say: (line: string) => void): Promise<string> {
  mkdirSync(CACHE, { recursive: true })
  const sum = (
    await output('sh', [
      '-c',
      `${sourceFunctions}\n${rootfsRecipe({ packages: [...PACKAGES, `bench-${VERSION}`], download: [] })}`,
    ])
  ).trim()
  const root = path.join(CACHE, `root-${sum}`)
  if (!existsSync(root)) {
    say(`building the hosts' root file system in ${root}`)
    await output('sh', ['-c', `${sourceFunctions}\n${build(root)}`])
  }
  return root
}
