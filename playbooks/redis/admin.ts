import * as z from 'zod'
import { alwaysSecret, defineModule, dockerResources, lastLine, sh, unquoted } from 'labbook'
import type { Topology } from './vars.ts'

/** Overlay network of the stack. */
export const NETWORK = 'counter_backend'

/** Resource keys of what the stack's Redis servers are: its services and configs. */
export const stackReads: readonly string[] = [
  ...dockerResources.engine,
  dockerResources.membership,
  ...dockerResources.stack('counter'),
]

const SERVERS = ['redis', 'redis-replica-1', 'redis-replica-2']
const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3']
const NODES = [1, 2, 3, 4, 5, 6].map((i) => `redis-cluster-${i}`)

/** Services of a topology. */
export const servicesOf = (topology: Topology): readonly string[] =>
  ({
    single: ['redis'],
    replicas: SERVERS,
    sentinel: [...SERVERS, ...SENTINELS],
    cluster: NODES,
  })[topology]

/**
 * Command that runs `redis-admin.sh` (app/images) in the network of the stack and reads the password from stdin.
 *
 * @param topology - topology of the running servers; for `copy` from or to a cluster, the other topology.
 */
export function adminCommand(image: string, topology: Topology, args: readonly string[]): string {
  const environment = {
    REDIS_PEERS: (topology === 'single' ? ['redis'] : SERVERS).join(' '),
    REDIS_SENTINELS: SENTINELS.join(' '),
    REDIS_NODES: NODES.join(' '),
  }
  const envOptions = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  return sh`docker run --rm -i --network ${NETWORK} --read-only --cap-drop ALL --log-driver none --label labbook.redis=admin ${envOptions} ${image} redis-admin.sh ${args}`
}

const schema = z.strictObject({
  /** `form` or `tidy`: with `--check` it prints one line per required change. */
  verb: z.enum(['form', 'tidy']),
  image: z.string(),
  topology: z.enum(['single', 'replicas', 'sentinel', 'cluster']),
  password: alwaysSecret,
})

/** Runs `redis-admin.sh` to create or repair a topology. */
export const redis_admin = defineModule<typeof schema>({
  name: 'redis_admin',
  schema,
  reads: () => stackReads,
  sets: () => ['docker-stack-part:counter'],
  title: ({ verb, topology }) => `${verb} ${topology}`,
  timeLimitSeconds: () => 400,
  probe: ({ verb, image, topology, password }) =>
    sh`printf '%s\\n' ${password} | ${unquoted(adminCommand(image, topology, [verb, '--check']))}`,
  plan({ verb, image, topology, password }, { stdout, stderr, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: lastLine(stderr) || `redis-admin.sh: exit code ${exitCode}` }
    const pending = stdout.trim()
    if (pending === '') return { changes: [] }
    return {
      changes: [
        {
          description: `${verb} ${topology}: ${pending.split('\n')[0]}`,
          diff: { subject: topology, before: `${pending}\n`, after: '' },
          script: sh`printf '%s\\n' ${password} | ${unquoted(adminCommand(image, topology, [verb]))}`,
        },
      ],
    }
  },
})
