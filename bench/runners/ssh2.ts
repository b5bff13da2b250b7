import path from 'node:path'
import { PROJECT } from '../world/places.ts'
import { environment, sumOf, type Runner } from './runner.ts'

/** The cost of 100 separate commands over one connection from Node. */
export const ssh2 = (version: string): Runner => ({
  id: 'ssh2-100',
  title: 'one ssh2 connection, 100 execs',
  version,
  workloads: ['commands'],
  expected: { start: 0.3, task: 0.01 },
  command: ({ world, hosts, folder }) => ({
    argv: [
      'node',
      path.join(import.meta.dirname, 'ssh2/commands.mjs'),
      hosts[0]?.address ?? '',
      world.key,
      world.knownHosts,
    ],
    cwd: PROJECT,
    env: environment(folder),
  }),
  changed: (output, hosts) => sumOf(output, /^[\d.]+ changed=(\d+)$/gm, hosts),
})
