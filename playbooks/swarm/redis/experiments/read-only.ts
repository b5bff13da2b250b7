import { experiment } from '../../../../src/labbook.ts'
import { allWell } from '../../experiments/support/cluster.ts'
import { ask, clientCommand, countIn, deployLab, masterNow, removeLabs } from './support/lab.ts'
import { stackBeside } from './support/disturbs.ts'
import { KEY, repeatsOf } from './settings.ts'

/** Tries to write to a replica. */
export const readOnly = experiment(
  'Write to a replica',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-read-only'],
    disturbs: stackBeside(),
    hypothesis: 'A replica accepts writes only from its master, so the two cannot diverge.',
    proves: { 'redis.replica.read-only': 'Replica serves reads and rejects writes' },
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
    const readExhibit = await on.exhibit({
      title: 'Read from replicas',
      command: clientCommand(lab.stack, 'ask', replicas.join(','), 'GET', KEY),
      shown: `GET ${KEY} at ${replicas.join(', ')}`,
    })
    let attempts = 0
    let refused = 0
    const commands = [
      ['INCR', KEY],
      ['SET', KEY, '0'],
      ['DEL', KEY],
    ]
    for (let time = 0; time < repeatsOf(on); time++) {
      for (const command of commands) {
        for (const { failed } of (await ask(on, lab, replicas, command)).values()) {
          attempts++
          if (failed?.startsWith('READONLY') === true) refused++
        }
      }
    }
    const writes = await on.exhibit({
      title: 'Write to replicas',
      command: clientCommand(lab.stack, 'ask', replicas.join(','), 'INCR', KEY),
      shown: `INCR ${KEY} at ${replicas.join(', ')}`,
    })
    const after = await Promise.all(lab.servers.map((server) => countIn(on, lab, server)))
    const reads = (readExhibit.stdout.match(/"reply": "41"/g) ?? []).length
    on.finding('redis.replica.read-only', {
      holds: reads === replicas.length && refused === attempts && after.every((count) => count === 41),
      evidence: [lab.deployed, readExhibit, writes],
      detail: `${refused} of ${attempts} writes rejected (READONLY); ${reads} of ${replicas.length} replicas returned the count; final counts of the servers: ${after.join(', ')}`,
    })
  },
)
