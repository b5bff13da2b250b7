import path from 'node:path'
import { PROJECT } from '../world/places.ts'
import { environment, sumOf, type Runner } from './runner.ts'

const RECAP = /^h\d+ +: ok=.*?changed=(\d+) +unreachable=0 +failed=0 /gm

/** Labbook as users start it, and without npx and zx. */
export function labbook(version: string): Runner[] {
  const runner = (id: string, title: string, start: readonly string[], seconds: number): Runner => ({
    id,
    title,
    version,
    expected: { start: seconds, task: 0.003 },
    command: ({ folder, inventory, playbook }) => ({
      argv: [...start, path.join('bench/playbooks', `${playbook}.mjs`), '--yes', '-i', inventory],
      cwd: PROJECT,
      env: environment(folder),
    }),
    changed: (output, hosts) => sumOf(output, RECAP, hosts),
  })
  return [
    runner('labbook', 'Labbook, `npx zx`', ['npx', 'zx'], 1.5),
    runner('labbook-node', 'Labbook, `node`', ['node'], 1),
  ]
}
