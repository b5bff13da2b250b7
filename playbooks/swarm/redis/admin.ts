import { z } from 'zod'
import { alwaysSecret } from '../../../src/modules/support/params.ts'
import { lastLine } from '../../../src/modules/support/text.ts'
import { defineModule } from '../../../src/modules/task.ts'
import { raw, sh } from '../../../src/shell/quote.ts'
import type { Topology } from './variables.ts'

/** The network of the stack. */
export const NETWORK = 'counter_backend'

const SERVERS = ['redis', 'redis-replica-1', 'redis-replica-2']
const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3']
const NODES = [1, 2, 3, 4, 5, 6].map((i) => `redis-cluster-${i}`)

/** The services of a topology. */
export const servicesOf = (topology: Topology): readonly string[] =>
  ({
    single: ['redis'],
    replicas: SERVERS,
    sentinel: [...SERVERS, ...SENTINELS],
    cluster: NODES,
  })[topology]

/**
 * A command that runs `redis-admin.sh` (app/images) in the network of the stack, and reads the password on its stdin.
 *
 * @param topology - whose servers are there; for `copy` between a cluster and others, that of the others.
 */
export function adminCommand(image: string, topology: Topology, words: readonly string[]): string {
  const environment = {
    REDIS_PEERS: (topology === 'single' ? ['redis'] : SERVERS).join(' '),
    REDIS_SENTINELS: SENTINELS.join(' '),
    REDIS_NODES: NODES.join(' '),
  }
  const settings = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  return sh`docker run --rm -i --network ${NETWORK} --read-only --cap-drop ALL --log-driver none --label labbook.redis=admin ${settings} ${image} redis-admin.sh ${words}`
}

const schema = z.strictObject({
  /** `form` or `tidy`: with `--check` it says in lines what is to be done, and nothing where all is well. */
  verb: z.enum(['form', 'tidy']),
  image: z.string(),
  topology: z.enum(['single', 'replicas', 'sentinel', 'cluster']),
  password: alwaysSecret,
})

/** Has `redis-admin.sh` mend what it finds to be amiss. */
export const redis_admin = defineModule<typeof schema>({
  name: 'redis_admin',
  schema,
  // What the servers say, anything may have changed.
  reads: () => undefined,
  sets: () => ['docker-stack-part:counter'],
  title: ({ verb, topology }) => `${verb} ${topology}`,
  timeLimitSeconds: () => 400,
  probe: ({ verb, image, topology, password }) =>
    sh`printf '%s\\n' ${password} | ${raw(adminCommand(image, topology, [verb, '--check']))}`,
  plan({ verb, image, topology, password }, { stdout, stderr, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: lastLine(stderr) || `redis-admin.sh: exit code ${exitCode}` }
    const amiss = stdout.trim()
    if (amiss === '') return { changes: [] }
    return {
      changes: [
        {
          description: `${verb} ${topology}: ${amiss.split('\n')[0]}`,
          diff: { subject: topology, before: `${amiss}\n`, after: '' },
          script: sh`printf '%s\\n' ${password} | ${raw(adminCommand(image, topology, [verb]))}`,
        },
      ],
    }
  },
})
