import { docker_stack, file, play, template, type PlayContext } from '../../src/labbook.ts'
import { images } from '../images/images.ts'
import { registryHost } from '../registry/address.ts'

/** The name of the stack: its services are called `counter_counter`, `counter_redis`, `counter_gateway`. */
export const STACK = 'counter'
const REPLICAS = 4
const COUNTER_PORT = 8080

/** The app's variables, as the inventory or `--extra-vars` set them. */
export const appVars = (vars: Readonly<Record<string, unknown>>) => ({
  counter_replicas: Number(vars.counter_replicas ?? REPLICAS),
  counter_max_per_node: Number(vars.counter_max_per_node ?? 2),
  counter_port: Number(vars.counter_port ?? COUNTER_PORT),
})

/** Only where every node's kernel has IPVS can the routing mesh carry traffic. Nodes outside of this run are not asked. */
const hasMesh = ({ groups, hostvars }: PlayContext): boolean => {
  const known = (groups.swarm ?? []).map((host) => hostvars(host).ansible_facts as PlayContext['facts']).filter((facts) => 'ipvs' in facts)
  return known.length > 0 && known.every((facts) => facts.ipvs === true)
}

/** Deploys the stack. Where the kernel has no IPVS, DNS round robin and a gateway on every node stand in for the mesh. */
export const appStack = play('Counter app: stack', { hosts: 'swarm_managers[0]', become: true, tags: 'stack', gather_facts: true }, (on) => {
  const builder = registryHost(on)
  const compose = '/opt/labbook/stack/counter.yml'
  return [
    file('Folder of the stack', { path: '/opt/labbook/stack', state: 'directory', mode: '0755' }),
    template('Stack file', {
      src: 'stack/counter.yml',
      dest: compose,
      mode: '0644',
      vars: {
        ...appVars(on.vars),
        ipvs: hasMesh(on),
        counter_image: images.counter.on(builder).map(({ image }) => image),
        redis_image: images.redis.on(builder).map(({ image }) => image),
        gateway_image: images.gateway.on(builder).map(({ image }) => image),
      },
    }),
    docker_stack('Deploy the stack', { name: STACK, compose: [compose], prune: true, resolve_image: 'never', with_registry_auth: true, timeout: 300 }),
  ]
})
