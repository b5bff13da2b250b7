import t from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { changed, INVENTORY, NO_CHANGE, NODES, provision, results, startStory, succeeds } from './site.ts'

/*
 * Failures of nodes: refused logins, a node without power, a missing package, a node that left the Swarm.
 */

const down = await startStory()
provision()

t.test('an error is one clear message', async (t) => {
  const docker = (...args: string[]) =>
    runPlaybook('playbooks/docker.mjs', [...INVENTORY, '--yes', '--limit', NODES.join(), ...args])
  const messages = (): string[] =>
    results()
      .filter(({ status }) => status === 'unreachable' || status === 'failed')
      .map(({ message }) => message ?? '')

  const wrongKey = await docker('-e', 'ansible_ssh_private_key_file=/etc/ssh/ssh_host_ed25519_key')
  t.equal(wrongKey.exitCode, 4)
  t.equal(messages().length, 3, 'one per host')

  await runPlaybook('test/lab/playbooks/power.mjs', [...INVENTORY, '--yes'])
  const dead = await docker()
  t.equal(dead.exitCode, 4)
  t.same(
    results()
      .filter(({ status }) => status === 'unreachable')
      .map(({ host }) => host),
    ['node3'],
  )
  t.match(messages()[0], /^node3: /)
  t.ok(
    results().filter(({ host, status }) => host === 'node2' && status === 'ok').length > 3,
    'the other hosts continue',
  )

  const missing = await runPlaybook('test/lab/playbooks/missing.mjs', [...INVENTORY, '--yes'])
  t.equal(missing.exitCode, 2)
  t.match(messages()[0], /no-such-package-anywhere/)
  t.notMatch(
    `${dead.stdout}${dead.stderr}${missing.stdout}${missing.stderr}${wrongKey.stderr}`,
    /\n\s+at .*\.ts:\d+/,
    'no stack trace',
  )
})

t.test('a run recovers a node without power and a node that left the Swarm', async (t) => {
  await succeeds(t, runPlaybook('test/lab/playbooks/leave.mjs', [...INVENTORY, '--yes']))
  await succeeds(t, runPlaybook('playbooks/app.mjs', [...INVENTORY, '--yes']))
  t.equal(
    latestRun()
      .summary()
      .findings.find(({ id }) => id === 'swarm.nodes.ready')?.holds,
    true,
  )
  await succeeds(t, runPlaybook('playbooks/app.mjs', [...INVENTORY, '--yes']))
  t.same(changed(), NO_CHANGE)
})

down()
