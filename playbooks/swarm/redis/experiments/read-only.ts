import { experiment } from '../../../../src/labbook.ts'
import { allWell } from '../../experiments/support/cluster.ts'
import { ask, clientCommand, countIn, deployLab, masterNow, removeLabs } from './support/lab.ts'
import { stackBeside } from './support/disturbs.ts'
import { KEY, repeatsOf } from './settings.ts'

/** Writes at a replica. */
export const readOnly = experiment(
  'Writes at a replica',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-read-only'],
    disturbs: stackBeside(),
    hypothesis:
      'A replica follows its master and takes changes from nobody else, so that the two cannot come to disagree.',
    proves: { 'redis.replica.read-only': 'A replica tells the count, and refuses to change it' },
    start: async (on) => {
      await allWell(on)
      await removeLabs(on)
    },
    restore: removeLabs,
  },
  async (on) => {
    const lab = await deployLab(on, 'replicas')
    const { server: master } = await masterNow(on, lab)
    const replicas = lab.servers.filter((server) => server !== master)
    await ask(on, lab, [master], ['SET', KEY, '41'])
    await ask(on, lab, [master], ['WAIT', '2', '2000'])
    const told = await on.exhibit({
      title: 'What replicas tell',
      command: clientCommand(lab.stack, 'ask', replicas.join(','), 'GET', KEY),
      shown: `GET ${KEY} at ${replicas.join(', ')}`,
    })
    let tries = 0
    let refused = 0
    const commands = [
      ['INCR', KEY],
      ['SET', KEY, '0'],
      ['DEL', KEY],
    ]
    for (let time = 0; time < repeatsOf(on); time++) {
      for (const words of commands) {
        for (const { failed } of (await ask(on, lab, replicas, words)).values()) {
          tries++
          if (failed?.startsWith('READONLY') === true) refused++
        }
      }
    }
    const writes = await on.exhibit({
      title: 'A write at replicas',
      command: clientCommand(lab.stack, 'ask', replicas.join(','), 'INCR', KEY),
      shown: `INCR ${KEY} at ${replicas.join(', ')}`,
    })
    const after = await Promise.all(lab.servers.map((server) => countIn(on, lab, server)))
    const reads = (told.stdout.match(/"reply": "41"/g) ?? []).length
    on.finding('redis.replica.read-only', {
      holds: reads === replicas.length && refused === tries && after.every((count) => count === 41),
      evidence: [lab.deployed, told, writes],
      detail: `${reads} of ${replicas.length} replicas told the count; ${refused} of ${tries} writes were refused (READONLY); in the end the servers had ${after.join(', ')}`,
    })
  },
)
