import {
  assert,
  debug,
  docker_stack,
  onHosts,
  play,
  register,
  shell,
  type CommandValues,
  type PlayContext,
} from '../../../src/labbook.ts'
import { Reference } from '../../../src/values/reference.ts'
import { STACK } from '../../app/stack.ts'
import { plannedCluster, clusterText, nodeFor } from './cluster.ts'
import { faults, fit, MACHINE_SCRIPT, readMachine, type Fitting, type Machine } from './machine.ts'
import { sourceOf } from './source.ts'

const seen = register<CommandValues>('k3s_machine')
const machine: Reference<Machine> = seen.map(({ stdout }) => readMachine(stdout))

/** How k3s gets on with the machine at hand. */
export const fitting = (version?: string | Reference<string>): Reference<Fitting> =>
  new Reference((scope) => fit(machine.read(scope), version instanceof Reference ? version.read(scope) : version))

/** Says what the cluster is to be, or why it cannot be, before anything is done to any machine. */
export const plan = play('k3s: the cluster', { hosts: 'localhost', tags: 'k3s' }, (on) => [
  debug('What it is to be', { msg: clusterText(plannedCluster(on)) }),
])

/** The version, as far as it is known before there is a binary. */
const versionOf = (on: PlayContext): string | undefined => {
  const source = sourceOf(on)
  return source.kind === 'release' ? source.version : source.kind === 'artifacts' ? source.asked : undefined
}

/** Looks for what k3s would stumble over. */
export const preflight = play(
  'k3s: can these machines run it?',
  { hosts: 'k3s_servers:k3s_agents', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const { role } = nodeFor(on)
    const version = versionOf(on)
    const found = machine.map((each) => faults(each, role, version))
    return [
      shell('Look at the machine', { cmd: MACHINE_SCRIPT, read_only: true, register: seen }),
      assert('Nothing stands in the way', {
        that: found.map((list) => list.length === 0),
        fail_msg: found.map((list) => `k3s cannot run here: ${list.join('; ')}`),
        success_msg: 'nothing does',
      }),
      debug('What k3s has to be told of this machine', {
        msg: fitting(version).map(({ says }) => (says.length === 0 ? 'nothing' : says.join('\n'))),
      }),
    ]
  },
)

const swarm = register<CommandValues>('k3s_swarm')

/** The manager that can remove the stack, unless it is to stay. */
const makesRoom = ({ groups, hostvars }: Pick<PlayContext, 'groups' | 'hostvars'>, host: string): boolean =>
  hostvars(host).k3s_swarm_stack !== 'keep' && groups.swarm_managers?.[0] === host

/**
 * A Swarm that ran the app a minute ago has the app's port and the machines' memory. Its stack goes (`k3s_swarm_stack:
 * keep` leaves it), its volumes and the Swarm itself stay; `playbooks/app.mjs` brings it back.
 */
export const swarmAway = play(
  'k3s: the Swarm makes room',
  {
    hosts: 'k3s_servers:k3s_agents',
    become: true,
    tags: 'k3s',
    disturbs: (on) =>
      onHosts(
        on.hosts.filter((host) => makesRoom(on, host)),
        `the stack "${STACK}" is removed from the Swarm, if it runs there; its volumes stay (-e k3s_swarm_stack=keep leaves it)`,
      ),
  },
  (on) =>
    !makesRoom(on, on.host)
      ? []
      : [
          shell('Does the app run on a Swarm here?', {
            cmd: `command -v docker >/dev/null && docker stack ls --format '{{.Name}}' 2>/dev/null | grep -x ${STACK} || echo no`,
            read_only: true,
            register: swarm,
          }),
          docker_stack('Remove the stack from the Swarm; its data stays', {
            name: STACK,
            state: 'absent',
            when: ({ value }) => value(swarm).stdout === STACK,
          }),
        ],
)
