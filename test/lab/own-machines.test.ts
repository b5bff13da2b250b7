import { existsSync, readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { releaseArguments } from '../support/release.ts'
import { story } from '../support/story.ts'
import { machineState, run } from './machine.ts'

/*
 * Machines outside Labbook's lab: two nodes that one inventory creates as a lab and another lists as own machines.
 */

const LAB = ['-i', 'test/lab/own-machines-lab.yaml', ...releaseArguments, '--yes']
const OWN = ['-i', 'test/lab/own-machines.yaml', '--yes']
const NODES = ['node1', 'node2']
const LEFT_OUT = ['Recreate registry container', 'Drain and activate a node']

const lab = (word: string) => runPlaybook('playbooks/lab.mjs', [word, ...LAB])

const experimentRuns = (): string[] =>
  readdirSync(new URL('../../runs', import.meta.url)).filter((name) => name.endsWith('-experiments'))

/** Connections that a node's kernel has accepted since boot. */
function accepted(node: string): number {
  const [names = [], values = []] = run('ip', 'netns', 'exec', `lbown-${node}`, 'cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('PassiveOpens')])
}

async function succeeds(t: Test, step: ReturnType<typeof runPlaybook>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0, 'the run succeeds')) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

await lab('down') // leftovers of a killed test
const before = machineState('lbown')
t.teardown(async () => {
  await lab('down')
})

const step = story(t)
const UP = 'lab.mjs up creates two machines'

void step(UP, async (t) => {
  await succeeds(t, lab('up'))
})

void step(
  'experiments on own machines are refused before anything runs',
  async (t) => {
    const connections = NODES.map(accepted)
    t.ok(
      connections.every((count) => count > 0),
      'the kernel counts the connections of lab.mjs up',
    )
    const earlier = experimentRuns()
    const { exitCode, stdout, stderr } = await runPlaybook('playbooks/experiments.mjs', ['node-killed', ...OWN])
    t.equal(exitCode, 2)
    t.match(
      stderr,
      /^Run refused; nothing was changed\..*\n {2}node2: is reset without a shutdown\nAdd --allow-faults to allow this\.\n$/,
    )
    t.equal(stdout, '')
    t.same(experimentRuns(), earlier, 'the refused experiments start no run')
    t.same(NODES.map(accepted), connections, 'the refused experiments connect to no machine')
  },
  [UP],
)

void step(
  'the site playbook provisions and verifies own machines without faults',
  async (t) => {
    await succeeds(t, runPlaybook('playbooks/site.mjs', OWN))
    const { events, ...latest } = latestRun()
    const summary = latest.summary()
    t.equal(summary.status, 'passed')
    for (const node of NODES) t.ok((summary.hosts[node]?.changed ?? 0) > 0, `${node} is provisioned`)
    const begun = events.flatMap((event) => (event.type === 'play_start' ? [event.play] : []))
    t.ok(begun.includes('Install Docker Engine') && begun.includes('Check Counter app'))
    t.same(
      begun.filter((play) => LEFT_OUT.includes(play)),
      [],
    )
    t.same(
      summary.findings.filter(({ holds }) => holds !== true),
      [],
      'all findings of the site playbook hold',
    )
    t.ok(summary.findings.some(({ id }) => id === 'app.counter.counts'))
    t.notOk(
      summary.findings.some(({ id }) => /^swarm\.(drain|active|force-update)|^registry\.storage\.survives/.test(id)),
      'skipped experiments have no findings',
    )
    const notices = events.flatMap((event) =>
      event.type === 'notice' && event.message.startsWith('skipped, because') ? [event.message] : [],
    )
    t.equal(notices.length, 1)
    for (const name of [...LEFT_OUT, '--allow-faults', 'node1', 'node2'])
      t.ok(notices[0]?.includes(name), `the notice names ${name}`)
  },
  [UP],
)

void step(
  'registry.mjs gc, which removes data, is refused on own machines',
  async (t) => {
    const { exitCode, stderr } = await runPlaybook('playbooks/registry.mjs', ['gc', ...OWN])
    t.equal(exitCode, 2)
    t.match(stderr, /node1: unused images are deleted from the registry\n/)
  },
  [UP],
)

void step('lab.mjs down removes the lab without a flag', async (t) => {
  await succeeds(t, lab('down'))
  t.same(machineState('lbown'), before)
  t.notOk(existsSync('/var/lib/labbook/lbown'))
})
