import { durationMultiplierOf, MessageError, PlaybookError } from 'labbook'
import { faultsOf } from '../../../lab/faults.ts'
import { injectFault } from '../../../lab/inject-fault.ts'
import { recordRecovery, recoverFrom } from '../../../lab/recover.ts'
import { type LabContext, type LabSetupContext, type LabText, say } from '../../../messages/say.ts'
import { NODES, watchAllReady, watchReady } from '../../../methods/nodes.ts'
import { parseTasks, tasksCommand } from '../../../methods/tasks.ts'
import { awaitApp, COUNTER, manager, rebalanceTo, requireApp } from './cluster.ts'
import { observeApp } from './observe-app.ts'

/** Time in which a killed container would be replaced. */
export const WAIT_SECONDS = 10
/** Time limit for a leader to answer; shorter without other managers, where none can. */
export const LEADER_SECONDS = { one: 10, more: 45 } as const

const CONTAINERS = `docker ps --filter label=com.docker.swarm.service.name=${COUNTER} --format '{{.ID}} {{.Names}} {{.Status}}'`
/** Kills a container and prints the id of its task. */
const KILL = [
  `id=$(docker ps -q --filter label=com.docker.swarm.service.name=${COUNTER} | head -n 1)`,
  `docker inspect --format '{{index .Config.Labels "com.docker.swarm.task.id"}}' "$id" && docker kill "$id"`,
].join('; ')
const MANAGED = 'timeout 10 docker node ls'

/** The nodes other than the first manager. */
export const others = (on: Pick<LabSetupContext, 'groups' | 'hosts'>): string[] =>
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
export async function restoreManagers(on: LabSetupContext, promoted: boolean): Promise<void> {
  const first = manager(on)
  await recoverFrom(on, first, faultsOf(on, first).powerLoss)
  await watchAllReady(on, { within: 180, every: 2 })
  const all = on.groups.swarm ?? []
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
    await watchReady(on, host, { within: 120 })
  }
  if (promoted) await on.exec({ command: `docker service update --detach --quiet --force ${COUNTER}` })
  else for (const node of all) await rebalanceTo(on, node)
  await requireApp(on)
}

/** Powers off the first manager, and with it Redis, whose volume is on that node. */
export async function powerOffManager(on: LabContext, managers: readonly string[]) {
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
      const recovered = await recordRecovery(on, first, powerOff)
      const ready = await watchAllReady(on, { within: 180, every: 2 })
      mark('every node Ready')
      const failure = await awaitApp(on)
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
