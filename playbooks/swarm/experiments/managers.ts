import { disturbAll, type Disturbs, durationMultiplierOf, type Experiment, MessageError, PlaybookError } from 'labbook'
import {
  labExperiment,
  type LabContext,
  type LabSetupContext,
  type LabText,
  say,
  inSeconds,
} from '../../messages/say.ts'
import { recovery } from 'labbook/lab'
import { injectFault } from '../../lab/inject-fault.ts'
import { faultsOf } from '../../lab/faults.ts'
import { waitForStack } from '../../app/proof.ts'
import { checkSteadyState, COUNTER, isReady, manager, NODES, rebalanceTo } from './support/cluster.ts'
import { powerOffEach, disturbSwarmNodes } from './support/disturbs.ts'
import { observeApp } from './support/observe-app.ts'
import { parseTasks, tasksCommand } from '../../methods/tasks.ts'

/** Time in which a killed container would be replaced. */
const WAIT_SECONDS = 10
/** Time limit for a leader to answer; shorter without other managers, where none can. */
const LEADER_SECONDS = { one: 10, more: 45 } as const

const CONTAINERS = `docker ps --filter label=com.docker.swarm.service.name=${COUNTER} --format '{{.ID}} {{.Names}} {{.Status}}'`
/** Kills a container and prints the id of its task. */
const KILL = [
  `id=$(docker ps -q --filter label=com.docker.swarm.service.name=${COUNTER} | head -n 1)`,
  `docker inspect --format '{{index .Config.Labels "com.docker.swarm.task.id"}}' "$id" && docker kill "$id"`,
].join('; ')
const MANAGED = 'timeout 10 docker node ls'

const others = (on: Pick<LabSetupContext, 'groups' | 'hosts'>): string[] =>
  (on.groups.swarm ?? []).filter((name) => name !== manager(on))

/** Waits until the daemon of a host is connected to the Swarm, and is no manager. */
const isWorker = (on: LabSetupContext, title: LabText, host: string) =>
  on.watch({
    title,
    host,
    command: "docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}'",
    within: 120,
    until: ({ stdout }) => stdout.trim() === 'active false',
  })

/** Boots the manager, waits for it, and demotes the managers that are workers in the inventory. */
async function restore(on: LabSetupContext, promoted: boolean): Promise<void> {
  const first = manager(on)
  const { powerLoss: powerOff } = faultsOf(on, first)
  await on.exec(recovery(powerOff))
  const all = on.groups.swarm ?? []
  await on.watch({
    title: 'Nodes after recovery of the manager',
    command: NODES,
    within: 180,
    every: 2,
    until: ({ stdout }) => all.every((name) => isReady(stdout, name)),
  })
  const workers = all.filter((name) => !(on.groups.swarm_managers ?? []).includes(name))
  // Swarm refuses to demote while a recovered manager does not yet count towards the quorum.
  await on.watch({
    title: 'Demote promoted managers',
    every: 2,
    within: 120,
    command: `for node in ${workers.join(' ')}; do [ "$(docker node inspect --format '{{.Spec.Role}}' "$node")" = worker ] || docker node demote "$node" || exit; done; ${NODES}`,
    until: ({ exitCode }) => exitCode === 0,
  })
  // Docker 20.10: a demoted manager that lost its leader may keep an unusable overlay network until its daemon
  // restarts.
  for (const host of (on.groups.swarm ?? []).filter((name) => promoted && workers.includes(name))) {
    // A daemon that restarts before its demotion is complete starts as a manager that the others have removed.
    const demoted = await isWorker(on, say('Role of {host} after the demotion', { host }), host)
    if (!demoted.reached)
      throw new MessageError(
        say('{host} is not a worker after its demotion (see exhibit "{exhibit}"): its daemon is not restarted', {
          host,
          exhibit: demoted.exhibit.id,
        }),
      )
    await on.exec({ host, command: 'systemctl restart docker', timeout: 120 })
    // The managers still list a daemon as Ready that stopped seconds ago, so ask the daemon first.
    await isWorker(on, say('Role of {host} after restart', { host }), host)
    await on.watch({
      title: say('Status of {host} after restart', { host }),
      command: NODES,
      within: 120,
      until: ({ stdout }) => isReady(stdout, host),
    })
  }
  if (promoted) await on.exec({ command: `docker service update --detach --quiet --force ${COUNTER}` })
  else for (const node of all) await rebalanceTo(on, node)
  await waitForStack(on)
}

/** Powers off the first manager, and with it Redis, whose volume is on that node. */
async function powerOffManager(on: LabContext, managers: readonly string[]) {
  const first = manager(on)
  const { powerLoss: powerOff } = faultsOf(on, first)
  const [witness] = others(on)
  if (witness === undefined)
    throw new PlaybookError('group swarm has only one host: this experiment needs a second node to observe the manager')
  // Earlier experiments may have left it without a replica.
  await rebalanceTo(on, witness)
  const title =
    managers.length === 1
      ? say('Timeline: power off the only manager')
      : say('Timeline: power off one of {count} managers', { count: managers.length })
  const observed = await observeApp(
    on,
    { title, managers: [...managers.filter((name) => name !== first), first], endpoints: (node) => node !== first },
    async ({ mark, now }) => {
      const before = await on.exhibit({ title: 'Managers before', command: NODES })
      const injected = await injectFault(on, powerOff)
      mark(powerOff.text)
      const began = now()
      const managed = await on.watch({
        title: 'Leader after the power-off',
        host: witness,
        command: MANAGED,
        within: managers.length === 1 ? LEADER_SECONDS.one : LEADER_SECONDS.more,
        until: ({ stdout }) => /\bLeader\b/.test(stdout),
      })
      const managedAfter = now() - began
      mark(managed.reached ? 'new leader answers' : 'no manager answers')
      const running = await on.exhibit({
        title: say('Replicas on {node}', { node: witness }),
        host: witness,
        command: CONTAINERS,
      })
      const killed = await on.exhibit({ title: 'Kill a replica', host: witness, command: KILL })
      mark(say('replica on {witness} killed', { witness }))
      const count = running.stdout.split('\n').filter(Boolean).length
      const replaced = managed.reached
        ? await on.watch({
            title: 'Replacement of the killed replica',
            host: witness,
            command: `timeout ${5 * on.timeoutMultiplier} ${tasksCommand(COUNTER)}`,
            within: 60,
            until: ({ stdout }) => isReplaced(stdout, killed.stdout.split('\n')[0] ?? '', first),
          })
        : undefined
      if (replaced === undefined)
        await on.pause(
          WAIT_SECONDS * durationMultiplierOf(on.timeoutMultiplier),
          'a replacement replica, which must not start',
        )
      const left = await on.exhibit({
        title: say('Replicas on {witness} after the kill', { witness }),
        host: witness,
        command: CONTAINERS,
      })
      mark(replaced?.reached === true ? 'replica replaced' : 'replica not replaced')
      const recoveryAt = now()
      const recovered = await on.exhibit({ title: say('Recover {node}', { node: first }), ...recovery(powerOff) })
      const all = on.groups.swarm ?? []
      const ready = await on.watch({
        title: 'Nodes until all are Ready',
        command: NODES,
        within: 180,
        every: 2,
        until: ({ stdout }) => all.every((name) => isReady(stdout, name)),
      })
      mark('every node Ready')
      const [failure] = await waitForStack(on)
      mark(failure === undefined ? 'app healthy' : say('app not healthy: {failure}', { failure }))
      return {
        before,
        injected,
        managed,
        managedAfter,
        running,
        killed,
        replaced,
        left,
        count,
        recovered,
        ready,
        failure,
        healthyAfter: now() - recoveryAt,
      }
    },
  )
  const { value } = observed
  const remaining = value.left.stdout.split('\n').filter(Boolean).length
  const evidence = [
    value.before,
    value.injected,
    value.managed.exhibit,
    value.running,
    value.killed,
    ...(value.replaced ? [value.replaced.exhibit] : []),
    value.left,
    value.recovered,
    value.ready.exhibit,
    observed.exhibit,
  ]
  return { ...value, remaining, evidence, increments: observed.increments }
}

/**
 * Whether the killed task has stopped and another task of its slot started on a remaining node. That task need not be
 * healthy: a new replica of the Counter app is unhealthy until it reaches Redis, which ran on the lost node.
 */
function isReplaced(stdout: string, killed: string, lost: string): boolean {
  const tasks = parseTasks(stdout)
  const task = tasks.find(({ id }) => id === killed)
  return (
    task !== undefined &&
    task.state !== 'running' &&
    tasks.some(
      ({ id, name, node, state }) =>
        id !== killed && name === task.name && node !== lost && (state === 'starting' || state === 'running'),
    )
  )
}

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
    rollback: (on) => restore(on, false),
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
    rollback: (on) => restore(on, true),
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
