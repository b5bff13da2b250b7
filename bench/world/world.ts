import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { output } from './command.ts'
import { makeCgroup, type Cgroup } from './cgroup.ts'
import { markOf, RUNS, scratchOf } from './places.ts'

/** The environment of trials, inside the namespaces of {@link enterWorld}. */
export interface World {
  /** On a tmpfs. */
  readonly directory: string
  readonly base: string
  readonly key: string
  readonly knownHosts: string
  /** A shared layer over the base root: host key and authorized_keys. */
  readonly seed: string
  readonly controller: Cgroup
  readonly targets: Cgroup
}

/** Address of the nth host, from 0. */
export const addressOf = (index: number): string => `127.66.${Math.floor(index / 250)}.${(index % 250) + 1}`
export const nameOf = (index: number): string => `h${String(index + 1).padStart(3, '0')}`

const MOUNTS = `
set -e
ip link set lo up
mount -t tmpfs -o mode=755,size=80% tmpfs "$1"
mount --bind "$2" "$3"
mkdir -p "$1/dev/pts" "$1/dev/shm" "$1/seed/root/.ssh" "$1/seed/etc/ssh" "$1/merged" "$1/states"
cd "$1/dev"
mount -t tmpfs -o mode=755 tmpfs .
cd "$1/dev"
mkdir pts shm
mknod -m 666 null c 1 3; mknod -m 666 zero c 1 5; mknod -m 666 full c 1 7
mknod -m 666 random c 1 8; mknod -m 666 urandom c 1 9; mknod -m 666 tty c 5 0
ln -s /proc/self/fd fd; ln -s fd/0 stdin; ln -s fd/1 stdout; ln -s fd/2 stderr; ln -s pts/ptmx ptmx
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts pts
chmod 700 "$1/seed/root" "$1/seed/root/.ssh"
ssh-keygen -q -t ed25519 -N '' -C bench -f "$1/id_ed25519"
ssh-keygen -q -t ed25519 -N '' -C host -f "$1/seed/etc/ssh/ssh_host_ed25519_key"
cp "$1/id_ed25519.pub" "$1/seed/root/.ssh/authorized_keys"
chmod 600 "$1/seed/root/.ssh/authorized_keys"`

/**
 * Prepares the environment: loopback, devices, keys, cgroups. @param most - maximum number of hosts.
 */
export async function makeWorld(pid: number, base: string, most: number): Promise<World> {
  const scratch = scratchOf(pid)
  const folder = path.join(scratch, 'world')
  await output('sh', ['-c', MOUNTS, 'sh', folder, path.join(scratch, 'runs'), RUNS])
  const seed = path.join(folder, 'seed')
  const [type = '', key = ''] = readFileSync(path.join(seed, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8').split(' ')
  const knownHosts = path.join(folder, 'known_hosts')
  writeFileSync(knownHosts, Array.from({ length: most }, (_, index) => `${addressOf(index)} ${type} ${key}\n`).join(''))
  return {
    directory: folder,
    base,
    seed,
    knownHosts,
    key: path.join(folder, 'id_ed25519'),
    controller: makeCgroup(markOf(pid), 'controller'),
    targets: makeCgroup(markOf(pid), 'targets'),
  }
}
