import path from 'node:path'
import { environment, sumOf, type Runner } from './runner.ts'

const FOLDER = path.join(import.meta.dirname, 'ansible')
const RECAP = /^h\d+ +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 /gm

interface Variant {
  readonly id: string
  readonly title: string
  readonly version: string
  /** `ansible-playbook`. */
  readonly program: string
  /** A file in `bench/runners/ansible`. */
  readonly config: string
  readonly expected: Runner['expected']
}

/** A variant of Ansible: another program or configuration. */
export const ansible = ({ id, title, version, program, config, expected }: Variant): Runner => ({
  id,
  title,
  version,
  expected,
  command: ({ folder, inventory, playbook }) => ({
    argv: [program, '-i', inventory, path.join(FOLDER, `${playbook}.yml`)],
    cwd: folder,
    env: { ...environment(folder), ANSIBLE_CONFIG: path.join(FOLDER, config), ANSIBLE_NOCOLOR: '1' },
  }),
  changed: (output, hosts) => sumOf(output, RECAP, hosts),
})
