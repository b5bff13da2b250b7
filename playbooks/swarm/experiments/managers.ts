import {
  experiment,
  longerWhere,
  onHosts,
  PlaybookError,
  type CareContext,
  type Disturbs,
  type Experiment,
  type ExperimentContext,
} from '../../../src/labbook.ts'
import { making, mending } from '../../../src/lab/faults.ts'
import { faultsOf } from '../../lab/faults.ts'
import { settled } from '../../app/proof.ts'
import { allWell, COUNTER, isReady, manager, NODES, seconds, spreadAgain } from './support/cluster.ts'
import { losesPower, swarmNodes } from './support/disturbs.ts'
import { placementCommand, readPlacement } from './support/placement.ts'
import { underWatch } from './support/watching.ts'

/** How long a container that was killed is given to be replaced before it is said that it is not. */
const WAIT_SECONDS = 10
/** How long another manager is given to lead. Where there is none, it is soon seen that nobody does. */
const LEADER_SECONDS = { one: 10, more: 45 } as const

const CONTAINERS = `docker ps --filter label=com.docker.swarm.service.name=${COUNTER} --format '{{.ID}} {{.Names}} {{.Status}}'`
/** Prints the task of the container that it kills. */
const KILL = [
  `id=$(docker ps -q --filter label=com.docker.swarm.service.name=${COUNTER} | head -n 1)`,
  `docker inspect --format '{{index .Config.Labels "com.docker.swarm.task.id"}}' "$id" && docker kill "$id"`,
].join('; ')
const MANAGED = 'timeout 10 docker node ls'

const others = (on: Pick<CareContext, 'groups' | 'hosts'>): string[] =>
  (on.groups.swarm ?? []).filter((name) => name !== manager(on))

/**
 * Boots the manager, waits for it, and makes those managers workers again that the inventory does not have as managers.
 */
async function restore(on: CareContext, promoted: boolean): Promise<void> {
  const first = manager(on)
  const { powerOff } = faultsOf(on, first)
  await on.look(mending(powerOff))
  const all = on.groups.swarm ?? []
  await on.watch({
    title: 'The manager is back',
    command: NODES,
    within: 180,
    every: 2,
    until: ({ stdout }) => all.every((name) => isReady(stdout, name)),
  })
  const workers = all.filter((name) => !(on.groups.swarm_managers ?? []).includes(name))
  // One that has just come back may not count for a majority yet, and until it does Swarm refuses.
  await on.watch({
    title: 'Managers as before',
    every: 2,
    within: 120,
    command: `for node in ${workers.join(' ')}; do [ "$(docker node inspect --format '{{.Spec.Role}}' "$node")" = worker ] || docker node demote "$node" || exit; done; ${NODES}`,
    until: ({ exitCode }) => exitCode === 0,
  })
  // Docker 20.10 leaves a worker that was a manager while the leader vanished with a network it cannot use; a restart
  // mends that.
  for (const host of (on.groups.swarm ?? []).filter((name) => promoted && workers.includes(name))) {
    await on.look({ host, command: 'systemctl restart docker', timeout: 120 })
    await on.watch({
      title: `${host} is back`,
      command: NODES,
      within: 120,
      until: ({ stdout }) => isReady(stdout, host),
    })
  }
  if (promoted) await on.look({ command: `docker service update --detach --quiet --force ${COUNTER}` })
  else for (const node of all) await spreadAgain(on, node)
  await settled(on)
}

/** The first manager loses its power, and with it Redis, whose volume is there. */
async function lose(on: ExperimentContext, managers: readonly string[]) {
  const first = manager(on)
  const { powerOff } = faultsOf(on, first)
  const [witness] = others(on)
  if (witness === undefined)
    throw new PlaybookError('group swarm has but one host: nobody would be left to see the manager go')
  const title = `Timeline: ${managers.length === 1 ? 'the only manager' : `one of ${managers.length} managers`} lost`
  const watched = await underWatch(
    on,
    { title, managers: [...managers.filter((name) => name !== first), first], doors: (node) => node !== first },
    async ({ mark, now }) => {
      const before = await on.exhibit({ title: 'Managers before', command: NODES })
      const made = await on.exhibit({ title: powerOff.says, ...making(powerOff) })
      if (made.exitCode !== 0) throw new Error(`could not be made to happen: ${powerOff.says}`)
      mark(powerOff.says)
      const began = now()
      const managed = await on.watch({
        title: 'Who manages now',
        host: witness,
        command: MANAGED,
        within: managers.length === 1 ? LEADER_SECONDS.one : LEADER_SECONDS.more,
        until: ({ stdout }) => /\bLeader\b/.test(stdout),
      })
      const managedAfter = now() - began
      mark(managed.reached ? 'a new leader answers' : 'no manager answers')
      const running = await on.exhibit({ title: 'Replicas go on', host: witness, command: CONTAINERS })
      const killed = await on.exhibit({ title: 'A replica is killed', host: witness, command: KILL })
      mark(`a replica on ${witness} is killed`)
      const count = running.stdout.split('\n').filter(Boolean).length
      const replaced = managed.reached
        ? await on.watch({
            title: 'It is replaced',
            host: witness,
            command: placementCommand([COUNTER], on.slowdown),
            within: 60,
            until: ({ stdout }) => isReplaced(stdout, killed.stdout.split('\n')[0] ?? '', first),
          })
        : undefined
      if (replaced === undefined)
        await on.pause(WAIT_SECONDS * longerWhere(on.slowdown), 'a replacement, which must not start without a manager')
      const left = await on.exhibit({ title: `Replicas on ${witness} after that`, host: witness, command: CONTAINERS })
      mark(replaced?.reached === true ? 'it is replaced' : 'it is not replaced')
      const end = now()
      const mended = await on.exhibit({ title: `${first} comes back`, ...mending(powerOff) })
      const all = on.groups.swarm ?? []
      const back = await on.watch({
        title: 'The manager answers again',
        command: NODES,
        within: 180,
        every: 2,
        until: ({ stdout }) => all.every((name) => isReady(stdout, name)),
      })
      mark('every node Ready')
      const [stillFails] = await settled(on)
      mark(stillFails === undefined ? 'the app is whole' : `the app is not whole: ${stillFails}`)
      return {
        before,
        made,
        managed,
        managedAfter,
        running,
        killed,
        replaced,
        left,
        count,
        mended,
        back,
        stillFails,
        wholeAfter: now() - end,
      }
    },
  )
  const { value } = watched
  const leftNow = value.left.stdout.split('\n').filter(Boolean).length
  const evidence = [
    value.before,
    value.made,
    value.managed.exhibit,
    value.running,
    value.killed,
    ...(value.replaced ? [value.replaced.exhibit] : []),
    value.left,
    value.mended,
    value.back.exhibit,
    watched.exhibit,
  ]
  return { ...value, leftNow, evidence, increments: watched.increments }
}

/**
 * The task that was killed is known to run no more, and another has been started in its place on a node that is left.
 * It need not be healthy: a new replica of the Counter app is not, before it has reached Redis once, and Redis went
 * with the node.
 */
function isReplaced(stdout: string, killed: string, lost: string): boolean {
  const tasks = readPlacement(stdout)
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

/** The first manager is lost, and a replica beside the one that watches is killed. */
const losesManager: Disturbs = (on) => [
  ...losesPower(on, on.hosts.slice(0, 1)),
  ...onHosts(others(on).slice(0, 1), 'a replica of the Counter app is killed'),
]

const tags = (name: string): string[] => ['experiments', 'managers', name, 'proof']

export const onlyManagerLost: Experiment = experiment(
  'The only manager is lost',
  {
    hosts: 'swarm_managers[0]',
    tags: tags('one-manager'),
    disturbs: losesManager,
    hypothesis:
      'Running containers need no manager and go on. But nobody replaces one that ends, and nothing can be told to the Swarm, until the manager ' +
      'is back. It has kept its state on its disk, and so has Redis.',
    proves: {
      'swarm.manager-lost.one.goes-on': 'With the only manager gone, replicas on the other nodes go on running',
      'swarm.manager-lost.one.unmanaged': 'With the only manager gone, a container that ends is not replaced',
      'swarm.manager-lost.one.comes-back':
        'When the manager is back, the Swarm and the app are whole again by themselves',
    },
    start: allWell,
    restore: (on) => restore(on, false),
  },
  async (on) => {
    if ((on.groups.swarm_managers ?? []).length > 1)
      throw new PlaybookError(
        'the inventory has more than one manager: "swarm_managers" with one host shows what a single one means',
      )
    const { managed, running, count, leftNow, back, stillFails, wholeAfter, increments, evidence, killed } = await lose(
      on,
      [manager(on)],
    )
    on.finding('swarm.manager-lost.one.goes-on', {
      holds: running.exitCode === 0 && count > 0,
      evidence,
      detail: `${count} replicas on ${running.host} went on; they answer without a count, since Redis was on the manager's node`,
    })
    on.finding('swarm.manager-lost.one.unmanaged', {
      holds: killed.exitCode === 0 ? !managed.reached && leftNow < count : null,
      evidence,
      detail: `${WAIT_SECONDS * longerWhere(on.slowdown)} s after one was killed ${leftNow} of ${count} replicas ran on ${running.host}, and no manager answered`,
    })
    on.finding('swarm.manager-lost.one.comes-back', {
      holds: back.reached && stillFails === undefined,
      evidence,
      detail: `${stillFails === undefined ? 'whole again' : `not whole (${stillFails})`} ${seconds(wholeAfter)} after the power was back; ${increments.acknowledged} increments acknowledged, ${increments.added} counted`,
      measured: { 'time to whole': [wholeAfter, 's'], 'lost increments': [increments.lost, ''] },
    })
  },
)

export const oneOfThreeLost: Experiment = experiment(
  'One of three managers is lost',
  {
    hosts: 'swarm_managers[0]',
    tags: tags('three-managers'),
    disturbs: (on) => [
      ...onHosts(others(on).slice(0, 2), 'becomes a manager, and a worker again'),
      ...losesManager(on),
      ...onHosts(
        (on.groups.swarm ?? []).filter((name) => !(on.groups.swarm_managers ?? []).includes(name)),
        'its Docker daemon is restarted',
      ),
      ...swarmNodes('a forced update replaces all replicas of the Counter app')(on),
    ],
    hypothesis:
      'Two of three are a majority: they choose a new leader within seconds, and the Swarm is managed as before.',
    proves: {
      'swarm.manager-lost.three.new-leader': 'With the leader of three managers gone, another one leads',
      'swarm.manager-lost.three.managed': 'Without it, a container that ends is replaced',
    },
    start: allWell,
    restore: (on) => restore(on, true),
  },
  async (on) => {
    const [second, third] = others(on)
    if (second === undefined || third === undefined)
      throw new PlaybookError('group swarm has fewer than three hosts: three managers need three')
    const promoted = await on.exhibit({ title: 'Three managers', command: `docker node promote ${second} ${third}` })
    await on.watch({
      title: 'Three managers are reachable',
      command: NODES,
      within: 60,
      until: ({ stdout }) => (stdout.match(/\b(Leader|Reachable)\b/g) ?? []).length >= 3,
    })
    const { managed, managedAfter, replaced, evidence } = await lose(on, [manager(on), second, third])
    on.finding('swarm.manager-lost.three.new-leader', {
      holds: managed.reached,
      evidence: [promoted, ...evidence],
      detail: managed.reached
        ? `a new leader answered after ${seconds(managedAfter)}`
        : `no leader within ${LEADER_SECONDS.more * on.slowdown} s`,
      measured: { 'time to a new leader': [managedAfter, 's'] },
    })
    on.finding('swarm.manager-lost.three.managed', {
      holds: replaced === undefined ? null : replaced.reached,
      evidence,
      detail:
        replaced === undefined
          ? 'there was no leader'
          : `another one was started ${seconds(replaced.seconds)} after it was killed`,
    })
  },
)
