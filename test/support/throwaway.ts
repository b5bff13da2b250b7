import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSshd, type Sshd } from './sshd.ts'

/**
 * An sshd on a copy of this machine's root file system that is thrown away: what is broken there is broken nowhere
 * else.
 */
export interface Throwaway {
  readonly sshd: Sshd
  /** A path of the host, as the test reaches it. */
  at(path: string): string
  stop(): Promise<void>
}

/**
 * Starts one; needs root. `/tmp` is the machine's own.
 *
 * @param prepare - shell text that runs before sshd starts; `$root` is the host's root folder.
 */
export async function startThrowaway(prepare: string): Promise<Throwaway> {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-throwaway-'))
  const start = join(folder, 'start')
  mkdirSync(join(folder, 'disk'))
  writeFileSync(
    start,
    `#!/bin/sh
set -e
disk=${folder}/disk root=${folder}/disk/root
mount -t tmpfs -o size=200m none $disk
mkdir $disk/upper $disk/work $root
mount -t overlay -o lowerdir=/,upperdir=$disk/upper,workdir=$disk/work none $root
for each in proc dev tmp; do mount --rbind /$each $root/$each; done
mkdir -p $root/run/sshd
${prepare}
exec chroot $root "$@"
`,
  )
  chmodSync(start, 0o755)
  // The mounts go with the last process that sees them.
  const remove = (): void => {
    rmSync(folder, { recursive: true })
  }
  const sshd = await startSshd({ within: ['unshare', '--mount', '--propagation', 'private', start] }).catch(
    (error: unknown) => {
      remove()
      throw error
    },
  )
  return {
    sshd,
    at: (path) => `/proc/${sshd.pid}/root${path}`,
    stop: async () => {
      await sshd.stop()
      remove()
    },
  }
}
