import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { docker_stack, file, onHosts, play, PlaybookError, slowdownOf, template } from '../../src/labbook.ts'
import { images } from '../images/images.ts'
import { ROOT } from '../images/table.ts'
import { registryHost } from '../registry/address.ts'

export const STACK = 'balancer'
const FOLDER = '/opt/labbook/balancer'
/** The Counter app twice, each with a number of its own. */
export const APPS = [
  { path: 'app1', service: 'app1', port: 8080, health: '/health/started' },
  { path: 'app2', service: 'app2', port: 8080, health: '/health/started' },
] as const

type Vars = Readonly<Record<string, unknown>>

const KINDS = { nginx: 'nginx.conf', haproxy: 'haproxy.cfg' } as const

interface BalancerVars {
  readonly kind: keyof typeof KINDS
  readonly sticky: boolean
  /** Of each node. */
  readonly port: number
  /** Of each app. */
  readonly replicas: number
}

/**
 * The balancer's variables, as the inventory or `--extra-vars` set them.
 *
 * @throws {PlaybookError} what is wrong with one of them.
 */
export function balancerVars(vars: Vars): BalancerVars {
  const kind = String(vars.balancer ?? 'haproxy')
  if (kind !== 'nginx' && kind !== 'haproxy')
    throw new PlaybookError(`balancer is "${kind}": it must be nginx or haproxy`)
  return {
    kind,
    sticky: yes('balancer_sticky', vars.balancer_sticky ?? false),
    port: whole('balancer_port', vars.balancer_port ?? 8090, 65535),
    replicas: whole('balancer_replicas', vars.balancer_replicas ?? 2, 50),
  }
}

/** From `-e NAME=true` comes a text. */
function yes(name: string, value: unknown): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new PlaybookError(`${name} is "${String(value)}": it must be true or false`)
}

function whole(name: string, value: unknown, highest: number): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > highest)
    throw new PlaybookError(`${name} is "${String(value)}": it must be a whole number from 1 to ${highest}`)
  return number
}

/** Two apps behind one balancer, nginx or HAProxy, on each node. */
export const balancerStack = play(
  'Balancer: stack',
  { hosts: 'swarm_managers[0]', become: true, tags: 'balancer' },
  (on) => {
    const settings = balancerVars(on.vars)
    const { kind, sticky } = settings
    const compose = `${FOLDER}/stack.yml`
    const image = (name: keyof typeof images) => images[name].on(registryHost(on)).map(({ image }) => image)
    // Room for twice the replicas: during an update old and new ones are there.
    const config = { apps: APPS, sticky, slots: settings.replicas * 2 }
    return [
      file('Folder of the balancer', { path: FOLDER, state: 'directory', mode: '0755' }),
      template(`Configuration of ${kind}`, {
        src: `balancer/${KINDS[kind]}`,
        dest: `${FOLDER}/balancer.conf`,
        mode: '0644',
        vars: config,
        // By the very program that will read it.
        validate: image('balancer').map(
          (name) =>
            `docker run --rm -i --network none ${name} sh -c 'cat >/tmp/new.conf && balancer.sh ${kind} /tmp/new.conf check' <%s`,
        ),
      }),
      template('Stack file of the balancer', {
        src: 'balancer/stack.yml',
        dest: compose,
        mode: '0644',
        vars: {
          ...settings,
          slowdown: slowdownOf(on, on.groups.swarm ?? []),
          apps: APPS,
          checksum: checksumOf(kind, config),
          balancer_image: image('balancer'),
          counter_image: image('counter'),
          redis_image: image('redis'),
        },
      }),
      docker_stack('Deploy the balancer', {
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

/** Stands for the configuration: what it is made from. */
function checksumOf(kind: keyof typeof KINDS, config: object): string {
  const source = readFileSync(path.join(ROOT, 'templates/balancer', KINDS[kind]))
  return createHash('sha256').update(source).update(JSON.stringify(config)).digest('hex').slice(0, 12)
}

/** Takes the balancer and its apps away. */
export const balancerGone = play(
  'Balancer: down',
  {
    hosts: 'swarm_managers[0]',
    become: true,
    tags: 'balancer',
    disturbs: ({ hosts }) => onHosts(hosts, `the stack "${STACK}" is removed; its volumes stay`),
  },
  () => [
    docker_stack('Remove the balancer', { name: STACK, state: 'absent', timeout: 300 }),
    file('Folder of the balancer', { path: FOLDER, state: 'absent' }),
  ],
)
