import { setTimeout as sleep } from 'node:timers/promises'
import { type Exhibit, quote, MessageError, type MessageTable } from 'labbook'
import { labExperiment, type LabContext, say, joinTexts, type LabSetupContext, tableOf } from '../../messages/say.ts'
import { injectFault } from '../../lab/inject-fault.ts'
import { recoverFrom } from '../../lab/recover.ts'
import { watchReady } from '../../methods/nodes.ts'
import { faultsOf, powerOffEach } from '../../lab/faults.ts'
import { projectLab } from '../../lab/lab.ts'
import { targetNode } from '../../swarm/experiments/support/cluster.ts'
import { lastWorker } from '../../swarm/experiments/support/disturbs.ts'
import { disturbsLabStack } from './support/disturbs.ts'
import { KEY, lowRepeatNote, repeatCount } from './settings.ts'
import { persistenceServer, PERSISTENCE_MODES, persistenceCompose, type PersistenceMode } from './support/compose.ts'
import { clientSource, clientCommand, readCount } from './support/client.ts'
import { waitForServices, containerOf, deployCompose, imagesInUse, LAB } from './support/lab-stack.ts'
import { startWithoutLabStacks } from './support/remove-stacks.ts'
import { restoreNodes } from './support/restore-nodes.ts'
import { lossOf, lossVerdict, parseLog, acknowledgedCounts, type ClientLog, type Loss } from './support/lost-writes.ts'

const MODES = Object.keys(PERSISTENCE_MODES) as PersistenceMode[]
const PER_SECOND = 100
/** Long enough for one snapshot, but not for two. */
const KILL_AFTER_SECONDS = 7.5
const WRITING_SECONDS = 9

/** Result of one kill for each persistence mode. */
type Round = Readonly<Record<PersistenceMode, { readonly loss: Loss | undefined; readonly lastSecond: number }>>

/** Measures the writes that Redis loses in a crash, by persistence mode. */
export const persistence = labExperiment(
  'Kill Redis in each persistence mode',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-persistence'],
    disturbs: (on) => [...disturbsLabStack('its Redis is killed')(on), ...powerOffEach(on, lastWorker(on))],
    hypothesis:
      'SIGKILL ends the process, not the kernel, and data written to a file is in the page cache: an append-only file loses nothing, whatever its fsync policy. A snapshot loses all later writes, and without persistence everything is lost. Only a power cut distinguishes "everysec" from "always".',
    assertions: {
      'redis.persistence.none': 'Killed Redis without persistence loses all acknowledged increments',
      'redis.persistence.snapshot': 'Killed Redis with snapshots loses the increments since the last snapshot',
      'redis.persistence.everysec': 'Killed Redis with appendfsync everysec loses no acknowledged increment',
      'redis.persistence.always': 'Killed Redis with appendfsync always loses no acknowledged increment',
    },
    questions: {
      'redis.persistence.power-cut':
        'Power cut loses at most two seconds of increments with appendfsync everysec, and none with always',
    },
    steadyState: startWithoutLabStacks,
    rollback: restoreNodes,
  },
  async (on) => {
    const node = targetNode(on)
    const { counter, redis } = await imagesInUse(on)
    const deployed = await deployCompose(
      on,
      LAB,
      persistenceCompose({ redisImage: redis, counterImage: counter, node, client: clientSource() }),
      'Deploy a Redis server per persistence mode',
    )
    await waitForServices(on, LAB)
    const repeats = repeatCount(on)
    const rounds: Round[] = []
    const began = performance.now()
    for (let time = 1; time <= repeats; time++) {
      on.log(say('Killing Redis: {time} of {times}', { time, times: repeats }))
      rounds.push(
        await round(on, async () => {
          const { exitCode, stderr } = await on.exec({ host: node, command: killAll })
          if (exitCode !== 0) throw new MessageError(say('cannot kill Redis: {stderr}', { stderr: stderr.trim() }))
        }),
      )
    }
    const exhibit = on.record({
      title: 'Lost increments after SIGKILL',
      durationMs: Math.round(performance.now() - began),
      command: say(
        '{n|time|times}: {rate} increments/s on each of four servers; docker kill --signal KILL after {seconds} s; GET after Swarm restarted them',
        { n: repeats, rate: PER_SECOND, seconds: KILL_AFTER_SECONDS },
      ),
      stdout: table(rounds),
    })
    reportKills(on, rounds, [deployed, exhibit])
    await powerCut(on, node, rounds, [deployed, exhibit])
  },
)

const killAll = MODES.map(
  (mode) => `docker kill --signal KILL $(${containerOf(LAB, persistenceServer(mode))}) >/dev/null`,
)
  .join(' & ')
  .concat(' & wait')

const addressOf = (mode: PersistenceMode): string => `${persistenceServer(mode)}:6379`

/** Runs one client per server on the manager's node while a fault is injected into the servers. */
async function round(on: LabContext, inject: () => Promise<void>): Promise<Round> {
  const before = await counts(on)
  const clients = MODES.map(
    (mode) =>
      `(${clientCommand(LAB, 'increments', addressOf(mode), KEY, String(PER_SECOND), String(WRITING_SECONDS))} >/run/${LAB}-${persistenceServer(mode)}.log) &`,
  )
  const writing = on.exec({ command: `${clients.join('\n')}\nwait`, timeout: 90 })
  await sleep(KILL_AFTER_SECONDS * 1000, undefined, { signal: on.signal })
  const injectedAt = Date.now()
  await inject()
  await writing
  const logs = await Promise.all(
    MODES.map(async (mode) =>
      parseLog((await on.exec({ command: `cat ${quote(`/run/${LAB}-${persistenceServer(mode)}.log`)}` })).stdout),
    ),
  )
  await waitForServices(on, LAB)
  const after = await counts(on)
  return Object.fromEntries(
    MODES.map((mode, i) => {
      const log = logs[i] as ClientLog
      return [
        mode,
        {
          loss: log.complete ? lossOf(acknowledgedCounts(log.changes), before[mode], after[mode]) : undefined,
          lastSecond: log.changes.filter(({ was, at }) => was === 'ok' && at >= injectedAt - 1000 && at <= injectedAt)
            .length,
        },
      ]
    }),
  ) as unknown as Round
}

/** Reads the count of each server, waiting until it answers. */
async function counts(
  on: Pick<LabSetupContext, 'exec' | 'hosts' | 'signal'>,
): Promise<Record<PersistenceMode, number>> {
  const result: Partial<Record<PersistenceMode, number>> = {}
  for (let tries = 0; tries < 40 && MODES.some((mode) => Number.isNaN(result[mode] ?? Number.NaN)); tries++) {
    for (const mode of MODES)
      if (Number.isNaN(result[mode] ?? Number.NaN)) result[mode] = await readCount(on, { stack: LAB }, addressOf(mode))
    if (MODES.some((mode) => Number.isNaN(result[mode] ?? Number.NaN)))
      await sleep(1000, undefined, { signal: on.signal })
  }
  return result as Record<PersistenceMode, number>
}

const lossesOf = (rounds: readonly Round[], mode: PersistenceMode): (Loss | undefined)[] =>
  rounds.map((each) => each[mode].loss)

function reportKills(on: LabContext, rounds: readonly Round[], evidence: readonly Exhibit[]): void {
  const note = lowRepeatNote(rounds.length)
  const known = (mode: PersistenceMode): Loss[] => lossesOf(rounds, mode).filter((loss) => loss !== undefined)
  const finding = (mode: PersistenceMode, id: string, holds: boolean | null): void => {
    on.finding(id, {
      holds,
      evidence,
      detail: joinTexts([lossVerdict(lossesOf(rounds, mode)).summary, note], ''),
      measured: {
        'increments lost': [known(mode).reduce((sum, { lost }) => sum + lost, 0) / Math.max(1, known(mode).length), ''],
      },
    })
  }
  const all = (mode: PersistenceMode, judge: (loss: Loss) => boolean): boolean | null =>
    known(mode).length < rounds.length ? null : known(mode).every(judge)
  // Increments acknowledged after the restart are kept, so not all of them are lost.
  finding(
    'no file',
    'redis.persistence.none',
    all('no file', ({ acknowledged, lost }) => lost > acknowledged / 2),
  )
  finding(
    'snapshot',
    'redis.persistence.snapshot',
    all('snapshot', ({ acknowledged, lost }) => lost > 0 && lost < acknowledged),
  )
  finding('everysec', 'redis.persistence.everysec', lossVerdict(lossesOf(rounds, 'everysec')).none)
  finding('always', 'redis.persistence.always', lossVerdict(lossesOf(rounds, 'always')).none)
}

/** Cuts the power of the node. Namespace nodes share the host's kernel, which survives: there it equals SIGKILL. */
async function powerCut(
  on: LabContext,
  node: string,
  killed: readonly Round[],
  evidence: readonly Exhibit[],
): Promise<void> {
  const rate = Math.max(...killed.map(({ everysec }) => everysec.lastSecond))
  const bound = say(
    'from the kills: with "everysec" a power cut may lose up to about {most} increments ({rate}/s acknowledged, fsync at most 2 s old), with "always" none',
    { most: rate * 2, rate },
  )
  const lab = projectLab(on)
  if (lab?.provider === 'namespaces' && lab.nodes.some(({ name }) => name === node)) {
    on.finding('redis.persistence.power-cut', {
      holds: null,
      evidence,
      detail: say(
        "not testable here: {node} is a namespace node, and the host's kernel keeps all written data; {bound}",
        { node, bound },
      ),
    })
    return
  }
  const fault = faultsOf(on, node).powerLoss
  const rounds: Round[] = []
  const began = performance.now()
  for (let time = 1; time <= repeatCount(on); time++) {
    rounds.push(
      await round(on, async () => {
        await injectFault(on, fault)
        await sleep(5000)
        await recoverFrom(on, node, fault)
        await watchReady(on, node, { within: 300 })
      }),
    )
  }
  const exhibit = on.record({
    title: 'Lost increments after power cuts',
    command: fault.text,
    stdout: table(rounds),
    durationMs: Math.round(performance.now() - began),
  })
  const [everysec, always] = [lossesOf(rounds, 'everysec'), lossesOf(rounds, 'always')]
  const maxLost = Math.max(0, ...everysec.map((loss) => loss?.lost ?? 0))
  on.finding('redis.persistence.power-cut', {
    holds: [...everysec, ...always].includes(undefined)
      ? null
      : maxLost <= rate * 2 && lossVerdict(always).none === true,
    evidence: [...evidence, exhibit],
    detail: say('everysec: {everysec}; always: {always}; {bound}', {
      everysec: lossVerdict(everysec).summary,
      always: lossVerdict(always).summary,
      bound,
    }),
  })
}

const table = (rounds: readonly Round[]): MessageTable =>
  tableOf(
    [
      (['PERSISTENCE', 'RUN', 'ACKNOWLEDGED', 'INDETERMINATE', 'ADDED', 'LOST', 'IN THE LAST SECOND'] as const).map(
        (title) => say(title),
      ),
      ...MODES.flatMap((mode) =>
        rounds.map((each, time) => {
          const { loss, lastSecond } = each[mode]
          return [
            mode,
            time + 1,
            loss?.acknowledged ?? '?',
            loss?.indeterminate ?? '?',
            loss?.added ?? '?',
            loss?.lost ?? say('unknown'),
            lastSecond,
          ]
        }),
      ),
    ],
    ['left', 'right'],
  )
