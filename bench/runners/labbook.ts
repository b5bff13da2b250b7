import path from 'node:path'
import { PROJECT } from '../world/places.ts'
import { environment, sumOf, type Runner } from './runner.ts'

const RECAP = /^h\d+ +: ok=.*?changed=(\d+) +unreachable=0 +failed=0 /gm

const BASE = process.env['LABBOOK_BENCH_BASE']

/** Labbook as users start it, and without npx and zx. */
export function labbook(version: string): Runner[] {
  const runner = (id: string, title: string, start: readonly string[], seconds: number, cwd = PROJECT): Runner => ({
    id,
    title,
    version,
    expected: { start: seconds, task: 0.003 },
    command: ({ folder, inventory, playbook }) => ({
      argv: [...start, path.join('bench/playbooks', `${playbook}.mjs`), '--yes', '-i', inventory],
      cwd,
      env: environment(folder),
    }),
    changed: (output, hosts) => sumOf(output, RECAP, hosts),
  })
  return [
    runner('labbook', 'Labbook, `npx zx`', ['npx', 'zx'], 1.5),
    runner('labbook-node', 'Labbook, `node`', ['node'], 1),
    // An earlier version, to compare both in one run: a checkout with its packages.
    ...(BASE === undefined ? [] : [runner('labbook-base', `Labbook in ${BASE}, \`node\``, ['node'], 1, BASE)]),
  ]
}
