import { labExperiment, type LabContext, say, type LabSetupContext, lines } from '../../messages/say.ts'
import { callMany } from '../../app/client.ts'
import { waitForServices, deployLabStack, type LabStack } from './support/lab-stack.ts'
import { removeLabStacks, startWithoutLabStacks } from './support/remove-stacks.ts'
import { disturbsLabStack } from './support/disturbs.ts'
import { repeatCount } from './settings.ts'

const INCREMENTS = 60
const INSTANCES = 3

/** Prints the count of each instance; all containers run on the node with the volume. */
const countsCommand = (stack: string): string =>
  `for id in $(docker ps -q --filter label=com.docker.swarm.service.name=${stack}_redis); do docker exec $id sh -c ` +
  `'printf "%s %s\\n" "$(hostname)" "$(REDISCLI_AUTH=$(cat /run/secrets/redis_password 2>/dev/null) redis-cli get counter)"'; done`

/** Scales Redis like a stateless service. */
export const naive = labExperiment(
  'Scale Redis like a stateless service',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-naive'],
    disturbs: disturbsLabStack(),
    hypothesis:
      'Each instance has its own count, and a connection reaches one of them at random: so reads and increments hit different counters.',
    assertions: { 'redis.scale.naive-breaks': 'Three instances of one Redis service return different counts' },
    steadyState: startWithoutLabStacks,
    rollback: removeLabStacks,
  },
  async (on) => {
    const lab = await deployLabStack(on, 'single', { app: true })
    const single = await round(on, lab, 1)
    const scaled = await on.exhibit({
      // The app keeps its connections; only a restart opens new ones.
      title: 'Scale Redis to 3',
      command: `docker service update --detach --quiet --replicas ${INSTANCES} ${lab.stack}_redis && docker service update --detach --quiet --force ${lab.stack}_counter`,
    })
    await on.watch({
      title: 'Update status of the app',
      within: 180,
      command: `docker service inspect ${lab.stack}_counter --format '{{with .UpdateStatus}}{{.State}}{{end}}'`,
      until: ({ stdout }) => stdout.trim() === 'completed',
    })
    await waitForServices(on, lab.stack)
    const rounds = []
    for (let time = 1; time <= repeatCount(on); time++) rounds.push(await round(on, lab, time))
    const broken = rounds.filter(({ returned, stored }) => returned.size > 1 || stored.size > 1)
    on.finding('redis.scale.naive-breaks', {
      holds: scaled.exitCode !== 0 || rounds.every(({ instances }) => instances < 2) ? null : broken.length > 0,
      evidence: [lab.deployed, single.exhibit, scaled, ...rounds.map(({ exhibit }) => exhibit)],
      detail: say(
        'counts differed in {broken} of {rounds} rounds with {instances} instances; in the last, the instances had {at} and reads returned {at2}; {acknowledged} increments acknowledged in total; with one instance reads returned {returned}',
        {
          broken: broken.length,
          rounds: rounds.length,
          instances: INSTANCES,
          at: rounds.at(-1)?.counts.join(', ') ?? '',
          at2: [...(rounds.at(-1)?.returned ?? [])].join(', '),
          acknowledged: rounds.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
          returned: [...single.returned].join(', '),
        },
      ),
      measured: { 'counters that reads returned': [Math.max(...rounds.map(({ returned }) => returned.size)), ''] },
    })
  },
)

async function round(on: LabContext, lab: LabStack, time: number) {
  const began = performance.now()
  const { answers, errors } = await callMany(lab.endpoints, 'POST', '/api/counter/increment', {
    total: INCREMENTS,
    clients: 12,
  })
  const reads = await callMany(lab.endpoints, 'GET', '/api/counter', { total: INCREMENTS, clients: 12 })
  const instanceCounts = await countsByInstance(on, lab)
  const returned = new Set(reads.answers.map(({ count }) => count))
  const exhibit = on.record({
    title: say('Counts in round {time}', { time }),
    durationMs: Math.round(performance.now() - began),
    command: say(
      'POST /api/counter/increment and GET /api/counter, {n|time|times} each from 12 clients through every node; GET counter of each instance',
      { n: INCREMENTS },
    ),
    stdout: lines(
      say('increments: {acknowledged} acknowledged, {failed} failed', {
        acknowledged: answers.length,
        failed: errors.length,
      }),
      say('counts returned by reads:'),
      ...[...returned]
        .sort((a, b) => a - b)
        .map((count) =>
          say('  {count}: {n|time|times}', {
            count,
            n: reads.answers.filter((answer) => answer.count === count).length,
          }),
        ),
      say('counts of the instances:'),
      ...instanceCounts.map(({ instance, count }) => `  ${instance}: ${count}`),
    ),
  })
  return {
    returned,
    stored: new Set(instanceCounts.map(({ count }) => count)),
    counts: instanceCounts.map(({ count }) => count),
    instances: instanceCounts.length,
    exhibit,
    acknowledged: answers.length,
  }
}

async function countsByInstance(
  on: LabSetupContext,
  { stack }: LabStack,
): Promise<{ instance: string; count: number }[]> {
  const all = []
  for (const host of on.groups.swarm ?? []) {
    const { stdout } = await on.exec({ host, command: countsCommand(stack) })
    for (const line of stdout.split('\n').filter(Boolean)) {
      const [instance = '', count = ''] = line.split(' ')
      all.push({ instance, count: Number(count) })
    }
  }
  return all
}
