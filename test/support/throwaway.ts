import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSshd, type Sshd } from './sshd.ts'

/**
 * An sshd on a temporary overlay of this machine's root file system.
 */
export interface Throwaway {
  readonly sshd: Sshd
  /** The path of a file of the host, as seen by the test. */
  at(path: string): string
  stop(): Promise<void>
}

/**
 * Starts one; needs root. `/tmp` is shared with this machine.
 *
 * @param prepare - shell script that runs before sshd; `$root` is the host's root directory.
 * @param config - of sshd.
 */
export async function startThrowaway(prepare: string, config: readonly string[] = []): Promise<Throwaway> {
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
  // The mounts vanish with the last process of the namespace.
  const remove = (): void => {
    rmSync(folder, { recursive: true })
  }
  const sshd = await startSshd({ config, within: ['unshare', '--mount', '--propagation', 'private', start] }).catch(
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
