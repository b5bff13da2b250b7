import { labExperiment, say } from '../../messages/say.ts'
import { query, clientCommand, readCount } from './support/client.ts'
import { deployLabStack } from './support/lab-stack.ts'
import { currentMaster } from './support/master.ts'
import { removeLabStacks, startWithoutLabStacks } from './support/remove-stacks.ts'
import { disturbsLabStack } from './support/disturbs.ts'
import { KEY, repeatCount } from './settings.ts'

/** Tries to write to a replica. */
export const readOnly = labExperiment(
  'Write to a replica',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-read-only'],
    disturbs: disturbsLabStack(),
    hypothesis: 'A replica accepts writes only from its master, so the two cannot diverge.',
    assertions: { 'redis.replica.read-only': 'Replica serves reads and rejects writes' },
    steadyState: startWithoutLabStacks,
    rollback: removeLabStacks,
  },
  async (on) => {
    const lab = await deployLabStack(on, 'replicas')
    const { server: master } = await currentMaster(on, lab)
    const replicas = lab.servers.filter((server) => server !== master)
    await query(on, lab, [master], ['SET', KEY, '41'])
    await query(on, lab, [master], ['WAIT', '2', '2000'])
    const readExhibit = await on.exhibit({
      title: 'Read from replicas',
      command: clientCommand(lab.stack, 'ask', replicas.join(','), 'GET', KEY),
      displayCommand: `GET ${KEY} at ${replicas.join(', ')}`,
    })
    let attempts = 0
    let refused = 0
    const commands = [
      ['INCR', KEY],
      ['SET', KEY, '0'],
      ['DEL', KEY],
    ]
    for (let time = 0; time < repeatCount(on); time++) {
      for (const command of commands) {
        for (const { error: failed } of (await query(on, lab, replicas, command)).values()) {
          attempts++
          if (failed?.startsWith('READONLY') === true) refused++
        }
      }
    }
    const writes = await on.exhibit({
      title: 'Write to replicas',
      command: clientCommand(lab.stack, 'ask', replicas.join(','), 'INCR', KEY),
      displayCommand: `INCR ${KEY} at ${replicas.join(', ')}`,
    })
    const after = await Promise.all(lab.servers.map((server) => readCount(on, lab, server)))
    const reads = (readExhibit.stdout.match(/"reply": "41"/g) ?? []).length
    on.finding('redis.replica.read-only', {
      holds: reads === replicas.length && refused === attempts && after.every((count) => count === 41),
      evidence: [lab.deployed, readExhibit, writes],
      detail: say(
        '{refused} of {attempts} writes rejected (READONLY); {reads} of {replicas} replicas returned the count; final counts of the servers: {after}',
        { refused, attempts, reads, replicas: replicas.length, after: after.join(', ') },
      ),
    })
  },
)
