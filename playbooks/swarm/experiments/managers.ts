import { disturbAll, type Disturbs, durationMultiplierOf, type Experiment, PlaybookError } from 'labbook'
import { labExperiment, say, inSeconds } from '../../messages/say.ts'
import { NODES } from '../../methods/nodes.ts'
import { checkSteadyState, manager } from './support/cluster.ts'
import { disturbSwarmNodes } from './support/disturbs.ts'
import { LEADER_SECONDS, others, powerOffManager, restoreManagers, WAIT_SECONDS } from './support/lose-manager.ts'
import { powerOffEach } from '../../lab/faults.ts'

/** The first manager is powered off, and a replica on the observing node is killed. */
const managerPowerOff: Disturbs = (on) => [
  ...powerOffEach(on, on.hosts.slice(0, 1)),
  ...disturbAll(others(on).slice(0, 1), 'a replica of the Counter app is killed'),
]

const tags = (name: string): string[] => ['experiments', 'managers', name, 'proof']

export const onlyManagerLost: Experiment = labExperiment(
  'Power off the only manager',
  {
    hosts: 'swarm_managers[0]',
    tags: tags('one-manager'),
    disturbs: managerPowerOff,
    hypothesis:
      'Running containers need no manager and keep running. Without a manager, Swarm replaces no container and accepts no command. The manager and Redis recover their state from disk.',
    assertions: {
      'swarm.manager-lost.one.goes-on': 'Replicas on other nodes keep running without the only manager',
      'swarm.manager-lost.one.unmanaged': 'Swarm does not replace a stopped container without the only manager',
      'swarm.manager-lost.one.comes-back': 'Swarm and app recover without intervention once the manager is back',
    },
    steadyState: checkSteadyState,
    rollback: (on) => restoreManagers(on, false),
  },
  async (on) => {
    if ((on.groups.swarm_managers ?? []).length > 1)
      throw new PlaybookError(
        'group swarm_managers has more than one host: this experiment needs a Swarm with a single manager',
      )
    const { managed, running, count, remaining, ready, failure, healthyAfter, increments, evidence, killed } =
      await powerOffManager(on, [manager(on)])
    on.finding('swarm.manager-lost.one.goes-on', {
      holds: running.exitCode === 0 && count > 0,
      evidence,
      detail: say("{count|replica|replicas} kept running on {host}; no count, as Redis ran on the manager's node", {
        count,
        host: running.host,
      }),
    })
    on.finding('swarm.manager-lost.one.unmanaged', {
      holds: killed.exitCode === 0 ? !managed.reached && remaining < count : null,
      evidence,
      detail: say('{remaining} of {count} replicas ran on {host} {seconds} s after the kill; {managed}', {
        remaining,
        count,
        host: running.host,
        seconds: WAIT_SECONDS * durationMultiplierOf(on.timeoutMultiplier),
        managed: managed.reached ? say('a manager answered') : say('no manager answered'),
      }),
    })
    on.finding('swarm.manager-lost.one.comes-back', {
      holds: ready.reached && failure === undefined,
      evidence,
      detail: say(
        '{state} {healthyAfter} after recovery started; {acknowledged} increments acknowledged, {added} counted',
        {
          state: failure === undefined ? say('healthy') : say('not healthy ({failure})', { failure }),
          healthyAfter: inSeconds(healthyAfter),
          acknowledged: increments.acknowledged,
          added: increments.added,
        },
      ),
      measured: { 'time to whole': [healthyAfter, 's'], 'lost increments': [increments.lost, ''] },
    })
  },
)

export const oneOfThreeLost: Experiment = labExperiment(
  'Power off one of three managers',
  {
    hosts: 'swarm_managers[0]',
    tags: tags('three-managers'),
    disturbs: (on) => [
      ...disturbAll(others(on).slice(0, 2), 'is promoted to manager, and demoted again'),
      ...managerPowerOff(on),
      ...disturbAll(
        (on.groups.swarm ?? []).filter((name) => !(on.groups.swarm_managers ?? []).includes(name)),
        'its Docker daemon is restarted',
      ),
      ...disturbSwarmNodes('a forced update replaces all replicas of the Counter app')(on),
    ],
    hypothesis:
      'Two of three managers are a quorum: they elect a new leader within seconds and keep managing the Swarm.',
    assertions: {
      'swarm.manager-lost.three.new-leader': 'Two of three managers elect a new leader when the leader is lost',
      'swarm.manager-lost.three.managed': 'Swarm replaces a stopped container after the election',
    },
    steadyState: checkSteadyState,
    rollback: (on) => restoreManagers(on, true),
  },
  async (on) => {
    const [second, third] = others(on)
    if (second === undefined || third === undefined)
      throw new PlaybookError('group swarm has fewer than three hosts: this experiment needs three managers')
    const promoted = await on.exhibit({
      title: 'Promote two workers',
      command: `docker node promote ${second} ${third}`,
    })
    await on.watch({
      title: 'Reachable managers',
      command: NODES,
      within: 60,
      until: ({ stdout }) => (stdout.match(/\b(Leader|Reachable)\b/g) ?? []).length >= 3,
    })
    const { managed, managedAfter, replaced, evidence } = await powerOffManager(on, [manager(on), second, third])
    on.finding('swarm.manager-lost.three.new-leader', {
      holds: managed.reached,
      evidence: [promoted, ...evidence],
      detail: managed.reached
        ? say('new leader answered after {managedAfter}', { managedAfter: inSeconds(managedAfter) })
        : say('no leader answered within {seconds} s', { seconds: LEADER_SECONDS.more * on.timeoutMultiplier }),
      measured: { 'time to a new leader': [managedAfter, 's'] },
    })
    on.finding('swarm.manager-lost.three.managed', {
      holds: replaced === undefined ? null : replaced.reached,
      evidence,
      detail:
        replaced === undefined
          ? say('no leader was elected')
          : say('{replaced} within {time} of the kill', {
              replaced: replaced.reached ? say('replaced') : say('not replaced'),
              time: inSeconds(replaced.seconds),
            }),
    })
  },
)
