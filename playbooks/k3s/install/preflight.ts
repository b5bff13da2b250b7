import {
  assert,
  type CommandValues,
  debug,
  disturbAll,
  docker_stack,
  play,
  type PlayContext,
  Reference,
  register,
  shell,
} from 'labbook'
import { STACK } from '../../app/stack.ts'
import { k3sVars } from '../vars.ts'
import { plannedCluster, describeCluster, nodeFor } from './cluster.ts'
import {
  preflightProblems,
  machineSettings,
  MACHINE_SCRIPT,
  parseMachineFacts,
  type MachineSettings,
  type MachineFacts,
} from './machine.ts'
import { k3sSource } from './source.ts'

const facts = register<CommandValues>('k3s_machine')
const machine: Reference<MachineFacts> = facts.map(({ stdout }) => parseMachineFacts(stdout))

/** k3s settings for the current host. */
export const hostSettings = (version?: string | Reference<string>): Reference<MachineSettings> =>
  new Reference((scope) =>
    machineSettings(machine.read(scope), version instanceof Reference ? version.read(scope) : version),
  )

/** Shows the planned cluster, or rejects the inventory, before any host is changed. */
export const plan = play('Plan k3s cluster', { hosts: 'localhost', tags: 'k3s' }, (on) => [
  debug('Show cluster plan', { msg: describeCluster(plannedCluster(on)) }),
])

/** The version, if known before the binary is available. */
const versionOf = (on: PlayContext): string | undefined => {
  const source = k3sSource(on)
  return source.kind === 'release' ? source.version : source.kind === 'artifacts' ? source.requestedVersion : undefined
}

/** Checks that the hosts can run k3s. */
export const preflight = play(
  'Run k3s preflight checks',
  { hosts: 'k3s_servers:k3s_agents', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const { role } = nodeFor(on)
    const version = versionOf(on)
    const problems = machine.map((each) => preflightProblems(each, role, version))
    return [
      shell('Collect machine facts', { cmd: MACHINE_SCRIPT, read_only: true, register: facts }),
      assert('Verify machine facts', {
        that: problems.map((list) => list.length === 0),
        fail_msg: problems.map((list) => `k3s cannot run here: ${list.join('; ')}`),
        success_msg: 'preflight checks pass',
      }),
      debug('Show machine-specific k3s settings', {
        msg: hostSettings(version).map(({ says }) => (says.length === 0 ? 'none' : says.join('\n'))),
      }),
    ]
  },
)

const swarm = register<CommandValues>('k3s_swarm')

/** Whether the stack is removed from this host: the first manager, unless it is kept. */
const removesStack = ({ groups, hostvars }: Pick<PlayContext, 'groups' | 'hostvars'>, host: string): boolean =>
  k3sVars.read(hostvars(host), host).k3s_swarm_stack !== 'keep' && groups.swarm_managers?.[0] === host

/**
 * Removes the app's stack from the Swarm, because it uses the same ports and the memory (`k3s_swarm_stack: keep` keeps
 * it). Its volumes and the Swarm are kept; `playbooks/app.mjs` deploys it again.
 */
export const removeSwarmStack = play(
  'Remove Counter app from Swarm',
  {
    hosts: 'k3s_servers:k3s_agents',
    become: true,
    tags: 'k3s',
    disturbs: (on) =>
      disturbAll(
        on.hosts.filter((host) => removesStack(on, host)),
        `the stack "${STACK}" is removed from the Swarm if it runs there; its volumes are kept (-e k3s_swarm_stack=keep keeps the stack)`,
      ),
  },
  (on) =>
    !removesStack(on, on.host)
      ? []
      : [
          shell('Check for Swarm stack', {
            cmd: `command -v docker >/dev/null && docker stack ls --format '{{.Name}}' 2>/dev/null | grep -x ${STACK} || echo no`,
            read_only: true,
            register: swarm,
          }),
          docker_stack('Remove Swarm stack', {
            name: STACK,
            state: 'absent',
            when: ({ value }) => value(swarm).stdout === STACK,
          }),
        ],
)
