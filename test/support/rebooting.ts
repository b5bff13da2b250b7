import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSshd, type Sshd } from './sshd.ts'

/**
 * A simulated machine for reboots: `shutdown` stops its sshd, which starts again with a new boot ID.
 */
export interface Machine {
  readonly sshd: Sshd
  /** Its files. */
  readonly folder: string
  /** The arguments of each call of `shutdown`. */
  shutdowns(): string[]
  /**
   * Sets its failure: `stuck` boots with the same ID, `dead` does not start again, `deaf` refuses to shut down,
   * `sudden` is down before `shutdown` exits.
   */
  setFailure(mood: 'stuck' | 'dead' | 'deaf' | 'sudden'): void
  bootId(): string
  stop(): Promise<void>
}

/**
 * Starts one; needs root. It runs in a mount namespace with its own boot ID and `shutdown`, so it cannot shut down this
 * machine.
 */
export async function startMachine(): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-machine-'))
  const file = (name: string): string => join(folder, name)
  const write = (name: string, text: string): string => {
    writeFileSync(file(name), text)
    chmodSync(file(name), 0o755)
    return file(name)
  }
  write('boot_id', '\n')
  const shutdown = write(
    'shutdown',
    `#!/bin/sh
echo "$*" >>${folder}/shutdowns
[ ! -e ${folder}/deaf ] || { echo 'shutdown: refused by a test' >&2; exit 1; }
sshd=$(cat ${folder}/pid)
down() { kill -9 $(ps -o pid= --ppid "$sshd") "$sshd"; }
[ ! -e ${folder}/sudden ] || { down; sleep 1; exit 1; }
(sleep 0.3; down) >/dev/null 2>&1 &
`,
  )
  const boot = write(
    'boot',
    `#!/bin/sh
mount --bind ${file('boot_id')} /proc/sys/kernel/random/boot_id || exit
for program in shutdown reboot systemctl; do mount --bind ${shutdown} "$(readlink -f "$(command -v $program)")" || exit; done
trap 'kill "$sshd"; exit' TERM
while :; do
  [ -e ${folder}/stuck ] || cat /proc/sys/kernel/random/uuid >${file('boot_id')}
  "$@" &
  sshd=$!
  echo "$sshd" >${file('pid')}
  wait "$sshd"
  while [ -e ${folder}/dead ]; do sleep 0.2; done
  sleep 0.5
done
`,
  )
  const sshd = await startSshd({
    within: ['unshare', '--mount', '--propagation', 'private', boot],
    config: [`SetEnv LABBOOK_STATE=${folder}`],
  })
  return {
    sshd,
    folder,
    shutdowns: () => (existsSync(file('shutdowns')) ? readFileSync(file('shutdowns'), 'utf8').trim().split('\n') : []),
    setFailure: (mood) => {
      writeFileSync(file(mood), '')
    },
    bootId: () => readFileSync(file('boot_id'), 'utf8').trim(),
    stop: async () => {
      await sshd.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
