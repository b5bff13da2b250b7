import { latestRun, runPlaybook } from '../support/playbook.ts'
import { changed, INVENTORY, NO_CHANGE, NODES, PROVISIONED, provision, results, startStory, succeeds } from './site.ts'

/*
 * Failures of nodes: refused logins, a node without power, a missing package, a node that left the Swarm.
 */

const { step, down } = await startStory()
provision(step)

const docker = (...args: string[]) =>
  runPlaybook('playbooks/docker.mjs', [...INVENTORY, '--yes', '--limit', NODES.join(), ...args])
const messages = (): string[] =>
  results()
    .filter(({ status }) => status === 'unreachable' || status === 'failed')
    .map(({ message }) => message ?? '')
const STACK_TRACE = /\n\s+at .*\.ts:\d+/

void step(
  'a rejected key is one message per host',
  async (t) => {
    const { exitCode, stderr } = await docker('-e', 'ansible_ssh_private_key_file=/etc/ssh/ssh_host_ed25519_key')
    t.equal(exitCode, 4, 'the exit code is that of unreachable hosts')
    t.equal(messages().length, 3, 'each host has one message')
    t.notMatch(stderr, STACK_TRACE, 'the output has no stack trace')
  },
  [PROVISIONED],
)

void step(
  'a node without power is unreachable, and the other hosts continue',
  async (t) => {
    await runPlaybook('test/lab/playbooks/power.mjs', [...INVENTORY, '--yes'])
    const { exitCode, stdout, stderr } = await docker()
    t.equal(exitCode, 4, 'the exit code is that of unreachable hosts')
    t.same(
      results()
        .filter(({ status }) => status === 'unreachable')
        .map(({ host }) => host),
      ['node3'],
      'only node3 is unreachable',
    )
    t.match(messages()[0], /^node3: /)
    t.ok(results().filter(({ host, status }) => host === 'node2' && status === 'ok').length > 3, 'node2 continues')
    t.notMatch(`${stdout}${stderr}`, STACK_TRACE, 'the output has no stack trace')
  },
  [PROVISIONED],
)

void step(
  'a missing package fails the task with the name of the package',
  async (t) => {
    const { exitCode, stdout, stderr } = await runPlaybook('test/lab/playbooks/missing.mjs', [...INVENTORY, '--yes'])
    t.equal(exitCode, 2, 'the exit code is that of a failed task')
    t.match(messages()[0], /no-such-package-anywhere/)
    t.notMatch(`${stdout}${stderr}`, STACK_TRACE, 'the output has no stack trace')
  },
  [PROVISIONED],
)

void step(
  'a run recovers a node without power and a node that left the Swarm',
  async (t) => {
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
  },
  [PROVISIONED],
)

down()
