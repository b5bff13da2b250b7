import { experiment } from '../../../../src/labbook.ts'
import { callMany } from '../../../app/client.ts'
import { allWell } from '../../experiments/support/cluster.ts'
import { allRun, deployLab, removeLabs, type Lab } from './support/lab.ts'
import { stackBeside } from './support/disturbs.ts'
import { repeatsOf } from './settings.ts'
import type { CareContext, ExperimentContext } from '../../../../src/labbook.ts'

const INCREMENTS = 60
const INSTANCES = 3

/** What each of the servers has: their containers are on one node, with the volume. */
const counts = (stack: string): string =>
  `for id in $(docker ps -q --filter label=com.docker.swarm.service.name=${stack}_redis); do docker exec $id sh -c ` +
  `'printf "%s %s\\n" "$(hostname)" "$(REDISCLI_AUTH=$(cat /run/secrets/redis_password 2>/dev/null) redis-cli get counter)"'; done`

/** More instances of one Redis, as one would scale anything else. */
export const naive = experiment(
  'Redis scaled like any service',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-naive'],
    disturbs: stackBeside(),
    hypothesis:
      'Each instance counts for itself, and a request meets one or the other: which count an app tells, and where an increment goes, is chance.',
    proves: { 'redis.scale.naive-breaks': 'Three instances of one Redis service give counters that disagree' },
    start: async (on) => {
      await allWell(on)
      await removeLabs(on)
    },
    restore: removeLabs,
  },
  async (on) => {
    const lab = await deployLab(on, 'single', { app: true })
    const one = await round(on, lab, 1)
    const scaled = await on.exhibit({
      // The app keeps its connections; any deploy makes new ones.
      title: 'Scale Redis to 3',
      command: `docker service update --detach --quiet --replicas ${INSTANCES} ${lab.stack}_redis && docker service update --detach --quiet --force ${lab.stack}_counter`,
    })
    await on.watch({
      title: 'The app is started anew',
      within: 180,
      command: `docker service inspect ${lab.stack}_counter --format '{{with .UpdateStatus}}{{.State}}{{end}}'`,
      until: ({ stdout }) => stdout.trim() === 'completed',
    })
    await allRun(on, lab.stack)
    const rounds = []
    for (let time = 1; time <= repeatsOf(on); time++) rounds.push(await round(on, lab, time))
    const broken = rounds.filter(({ told, held }) => told.size > 1 || held.size > 1)
    on.finding('redis.scale.naive-breaks', {
      holds: scaled.exitCode !== 0 || rounds.every(({ instances }) => instances < 2) ? null : broken.length > 0,
      evidence: [lab.deployed, one.exhibit, scaled, ...rounds.map(({ exhibit }) => exhibit)],
      detail:
        `with one instance all reads agreed (${[...one.told].join(', ')}); with ${INSTANCES}, counters disagreed in ${broken.length} of ${rounds.length} rounds: ` +
        `after the last, the instances had ${rounds.at(-1)?.counts.join(', ') ?? ''}, and reads told ${[...(rounds.at(-1)?.told ?? [])].join(', ')}; ` +
        `${rounds.reduce((sum, { acknowledged }) => sum + acknowledged, 0)} increments were acknowledged in all`,
      measured: { 'counters that reads told': [Math.max(...rounds.map(({ told }) => told.size)), ''] },
    })
  },
)

async function round(on: ExperimentContext, lab: Lab, time: number) {
  const began = performance.now()
  const { answers, errors } = await callMany(lab.doors, 'POST', '/api/counter/increment', {
    total: INCREMENTS,
    clients: 12,
  })
  const reads = await callMany(lab.doors, 'GET', '/api/counter', { total: INCREMENTS, clients: 12 })
  const held = await heldBy(on, lab)
  const told = new Set(reads.answers.map(({ count }) => count))
  const exhibit = on.record({
    title: `Counters, round ${time}`,
    durationMs: Math.round(performance.now() - began),
    command: `POST /api/counter/increment and GET /api/counter, ${INCREMENTS} times each by 12 clients at every node; GET counter of each instance`,
    stdout: [
      `increments: ${answers.length} acknowledged, ${errors.length} failed`,
      'what reads told:',
      ...[...told]
        .sort((a, b) => a - b)
        .map((count) => `  ${count}: ${reads.answers.filter((answer) => answer.count === count).length} times`),
      'what the instances have:',
      ...held.map(({ instance, count }) => `  ${instance}: ${count}`),
    ].join('\n'),
  })
  return {
    told,
    held: new Set(held.map(({ count }) => count)),
    counts: held.map(({ count }) => count),
    instances: held.length,
    exhibit,
    acknowledged: answers.length,
  }
}

async function heldBy(on: CareContext, { stack }: Lab): Promise<{ instance: string; count: number }[]> {
  const all = []
  for (const host of on.groups.swarm ?? []) {
    const { stdout } = await on.look({ host, command: counts(stack) })
    for (const line of stdout.split('\n').filter(Boolean)) {
      const [instance = '', count = ''] = line.split(' ')
      all.push({ instance, count: Number(count) })
    }
  }
  return all
}
