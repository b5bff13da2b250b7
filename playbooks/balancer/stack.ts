import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { disturbAll, docker_stack, file, play, PlaybookError, template, timeoutMultiplierOf, toText } from 'labbook'
import { images } from '../app/images/images.ts'
import { ROOT } from '../app/images/table.ts'
import { registryHost } from '../registry/address.ts'

export const STACK = 'balancer'
const DIRECTORY = '/opt/labbook/balancer'
/** Two instances of the Counter app, each with its own counter. */
export const APPS = [
  { path: 'app1', service: 'app1', port: 8080, health: '/health/started' },
  { path: 'app2', service: 'app2', port: 8080, health: '/health/started' },
] as const

type Vars = Readonly<Record<string, unknown>>

const KINDS = { nginx: 'nginx.conf', haproxy: 'haproxy.cfg' } as const

interface BalancerVars {
  readonly kind: keyof typeof KINDS
  readonly sticky: boolean
  /** Published on each node. */
  readonly port: number
  /** Per app. */
  readonly replicas: number
}

/**
 * The balancer's variables, as the inventory or `--extra-vars` set them.
 *
 * @throws {PlaybookError} if one of them is invalid.
 */
export function balancerVars(vars: Vars): BalancerVars {
  const kind = toText(vars.balancer ?? 'haproxy')
  if (kind !== 'nginx' && kind !== 'haproxy')
    throw new PlaybookError(`balancer is "${kind}": it must be nginx or haproxy`)
  return {
    kind,
    sticky: booleanOf('balancer_sticky', vars.balancer_sticky ?? false),
    port: integerOf('balancer_port', vars.balancer_port ?? 8090, 65535),
    replicas: integerOf('balancer_replicas', vars.balancer_replicas ?? 2, 50),
  }
}

/** `-e NAME=true` gives a string. */
function booleanOf(name: string, value: unknown): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new PlaybookError(`${name} is "${String(value)}": it must be true or false`)
}

function integerOf(name: string, value: unknown, highest: number): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > highest)
    throw new PlaybookError(`${name} is "${String(value)}": it must be an integer from 1 to ${highest}`)
  return number
}

/** Deploys two apps behind one load balancer, HAProxy or nginx, on each node. */
export const balancerStack = play(
  'Deploy load balancer',
  { hosts: 'swarm_managers[0]', become: true, tags: 'balancer' },
  (on) => {
    const settings = balancerVars(on.vars)
    const { kind, sticky } = settings
    const compose = `${DIRECTORY}/stack.yml`
    const image = (name: keyof typeof images) => images[name].on(registryHost(on)).map(({ image }) => image)
    // Twice the replicas: during an update old and new ones run side by side.
    const config = { apps: APPS, sticky, slots: settings.replicas * 2 }
    return [
      file(`Create ${DIRECTORY}`, { path: DIRECTORY, state: 'directory', mode: '0755' }),
      template(`Configure ${kind}`, {
        src: `balancer/${KINDS[kind]}`,
        dest: `${DIRECTORY}/balancer.conf`,
        mode: '0644',
        vars: config,
        // With the program that will read it.
        validate: image('balancer').map(
          (name) =>
            `docker run --rm -i --network none ${name} sh -c 'cat >/tmp/new.conf && balancer.sh ${kind} /tmp/new.conf check' <%s`,
        ),
      }),
      template('Write stack file', {
        src: 'balancer/stack.yml',
        dest: compose,
        mode: '0644',
        vars: {
          ...settings,
          slowdown: timeoutMultiplierOf(on, on.groups.swarm ?? []),
          apps: APPS,
          checksum: checksumOf(kind, config),
          balancer_image: image('balancer'),
          counter_image: image('counter'),
          redis_image: image('redis'),
        },
      }),
      docker_stack('Deploy the stack', {
        name: STACK,
        compose: [compose],
        prune: true,
        resolve_image: 'never',
        with_registry_auth: true,
        timeout: 300,
      }),
    ]
  },
)

/** Checksum of the inputs of the configuration. */
function checksumOf(kind: keyof typeof KINDS, config: object): string {
  const source = readFileSync(path.join(ROOT, 'templates/balancer', KINDS[kind]))
  return createHash('sha256').update(source).update(JSON.stringify(config)).digest('hex').slice(0, 12)
}

/** Removes the balancer and its apps. */
export const removeBalancer = play(
  'Remove load balancer',
  {
    hosts: 'swarm_managers[0]',
    become: true,
    tags: 'balancer',
    disturbs: ({ hosts }) => disturbAll(hosts, `the stack "${STACK}" is removed; its volumes stay`),
  },
  () => [
    docker_stack('Remove the stack', { name: STACK, state: 'absent', timeout: 300 }),
    file(`Remove ${DIRECTORY}`, { path: DIRECTORY, state: 'absent' }),
  ],
)
