import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { environment, sumOf, type Runner } from './runner.ts'

const MATERIAL = path.join(import.meta.dirname, '../material')

/** Inlines the files that a script refers to as `@files/NAME@`, so that only one script is sent. */
const whole = (script: string): string =>
  script.replace(/^@(.+)@\n/gm, (_, name: string) => readFileSync(path.join(MATERIAL, name), 'utf8'))

/**
 * The floor: the minimum cost of any runner. One ssh per host with a curve25519 key exchange, and one script with all
 * tasks; 50 hosts in parallel.
 */
export const floor = (version: string): Runner => ({
  id: 'floor',
  title: 'one raw `ssh` and script per host',
  version,
  expected: { start: 0.1, task: 0.003 },
  command({ world, hosts, folder, playbook }) {
    mkdirSync(folder, { recursive: true })
    const script = path.join(folder, `${playbook}.sh`)
    writeFileSync(script, whole(readFileSync(path.join(import.meta.dirname, 'floor', `${playbook}.sh`), 'utf8')))
    const list = path.join(folder, 'hosts')
    writeFileSync(list, hosts.map(({ name, address }) => `${name} ${address}\n`).join(''))
    const ssh =
      `exec ssh -F none -i ${world.key} -o UserKnownHostsFile=${world.knownHosts} -o BatchMode=yes` +
      ` -o KexAlgorithms=curve25519-sha256 root@"$1" sh -s "$0" "$1" <${script}`
    return {
      argv: ['xargs', '-P', '50', '-n', '2', 'sh', '-c', ssh],
      cwd: folder,
      env: environment(folder),
      stdin: list,
    }
  },
  changed: (output, hosts) => sumOf(output, /^h\d+ changed=(\d+)$/gm, hosts),
})
