import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { VARIABLES } from './inventory.ts'
import { environment, type Runner } from './runner.ts'

const FOLDER = path.join(import.meta.dirname, 'pyinfra')

/** pyinfra with its default settings: all hosts in parallel. */
export const pyinfra = (version: string, program: string): Runner => ({
  id: 'pyinfra',
  title: 'pyinfra',
  version,
  expected: { start: 1.5, task: 0.03 },
  command({ world, hosts, folder, playbook }) {
    mkdirSync(folder, { recursive: true })
    const data = { ...VARIABLES, ssh_user: 'root', ssh_key: world.key, ssh_known_hosts_file: world.knownHosts }
    const entries = hosts.map(({ name, address }) => [name, { ...data, ssh_hostname: address }])
    const inventory = path.join(folder, 'inventory.py')
    // JSON of strings, numbers and lists is valid Python; pyinfra needs a tuple of host and data.
    writeFileSync(inventory, `hosts = [tuple(entry) for entry in ${JSON.stringify(entries)}]\n`)
    return {
      argv: [program, '-y', inventory, path.join(FOLDER, `${playbook}.py`)],
      cwd: folder,
      env: environment(folder),
    }
  },
  changed: (output) => changedOf(output),
})

/**
 * pyinfra's summary ends with totals: operations, changed, failed, unchanged; `-` is 0.
 */
function changedOf(output: string): number | undefined {
  const [, success, error] = /^ *Grand total +\d+ +(\d+|-) +(\d+|-) +(?:\d+|-) *$/m.exec(output) ?? []
  return success === undefined || error !== '-' ? undefined : success === '-' ? 0 : Number(success)
}
