import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { disturbAll, docker_stack, file, HOST_DIRECTORIES, play, template, timeoutMultiplierOf } from 'labbook'
import { images } from '../app/images/images.ts'
import { ROOT } from '../app/images/table.ts'
import { registryHost } from '../registry/address.ts'
import { balancerVars } from './vars.ts'
import { templateFile } from '../template-file.ts'

export const STACK = 'balancer'
const DIRECTORY = `${HOST_DIRECTORIES.files}/balancer`
/** Two instances of the Counter app, each with its own counter. */
export const APPS = [
  { path: 'app1', service: 'app1', port: 8080, health: '/health/started' },
  { path: 'app2', service: 'app2', port: 8080, health: '/health/started' },
] as const

type Vars = Readonly<Record<string, unknown>>

const KINDS = { nginx: 'nginx.conf', haproxy: 'haproxy.cfg' } as const

/** The variables of the templates and of the proof. @throws {PlaybookError} if a variable is invalid. */
export function balancerSettings(vars: Vars) {
  const {
    balancer: kind,
    balancer_sticky: sticky,
    balancer_port: port,
    balancer_replicas: replicas,
  } = balancerVars.read(vars)
  return { kind, sticky, port, replicas }
}

/** Deploys two apps behind one load balancer, HAProxy or nginx, on each node. */
export const balancerStack = play(
  'Deploy load balancer',
  { hosts: 'swarm_managers[0]', become: true, tags: 'balancer' },
  (on) => {
    const settings = balancerSettings(on.vars)
    const { kind, sticky } = settings
    const compose = `${DIRECTORY}/stack.yml`
    const image = (name: keyof typeof images) => images[name].on(registryHost(on)).map(({ image }) => image)
    // Twice the replicas: during an update old and new ones run side by side.
    const config = { apps: APPS, sticky, slots: settings.replicas * 2 }
    return [
      file(`Create ${DIRECTORY}`, { path: DIRECTORY, state: 'directory', mode: '0755' }),
      template(`Configure ${kind}`, {
        src: templateFile(`balancer/${KINDS[kind]}`),
        dest: `${DIRECTORY}/balancer.conf`,
        mode: '0644',
        vars: config,
        // With the program that will read it.
        validate: image('balancer').map((name) => validation(kind, name)),
      }),
      template('Write stack file', {
        src: templateFile('balancer/stack.yml'),
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

/** With the program that will read it. @param image - of the balancer. */
export const validation = (kind: keyof typeof KINDS, image: string): string =>
  `sh -c 'docker run --rm -i --network none ${image} sh -c "cat >/tmp/new.conf && balancer.sh ${kind} /tmp/new.conf check" <"$1"' - %s`
