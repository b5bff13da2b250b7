import { existsSync, readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { machineState, run } from './machine.ts'

/*
 * Machines that are not of Labbook's lab: two nodes that one inventory makes as a lab, and another one names as
 * machines of one's own.
 */

const LAB = ['-i', 'test/lab/own-machines-lab.yaml', '--yes']
const OWN = ['-i', 'test/lab/own-machines.yaml', '--yes']
const NODES = ['node1', 'node2']
const LEFT_OUT = ['The registry outlives its container', 'Drain a node and bring it back']

const lab = (word: string) => runPlaybook('playbooks/lab.mjs', [word, ...LAB])

const experimentRuns = (): string[] =>
  readdirSync(new URL('../../runs', import.meta.url)).filter((name) => name.endsWith('-experiments'))

/** How many connections a node has accepted since it booted, by its kernel. */
function accepted(node: string): number {
  const [names = [], values = []] = run('ip', 'netns', 'exec', `lbown-${node}`, 'cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('PassiveOpens')])
}

async function succeeds(t: Test, step: ReturnType<typeof runPlaybook>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

await lab('down') // what a killed test has left
const before = machineState('lbown')
t.teardown(async () => {
  await lab('down')
})

t.test("experiments on machines of one's own are refused before anything is done", async (t) => {
  await succeeds(t, lab('up'))
  const connections = NODES.map(accepted)
  t.ok(
    connections.every((count) => count > 0),
    'the lab was connected to',
  )
  const earlier = experimentRuns()
  const { exitCode, stdout, stderr } = await runPlaybook('playbooks/experiments.mjs', ['node-killed', ...OWN])
  t.equal(exitCode, 2)
  t.match(
    stderr,
    /^Run refused; nothing was changed\..*\n {2}node2: is reset, without a goodbye\nAdd --allow-faults to allow this\.\n$/,
  )
  t.equal(stdout, '')
  t.same(experimentRuns(), earlier, 'there was no run')
  t.same(NODES.map(accepted), connections, 'and no connection')
})

t.test('the site provisions them, proves it, and disturbs nothing', async (t) => {
  await succeeds(t, runPlaybook('playbooks/site.mjs', OWN))
  const { events, ...latest } = latestRun()
  const summary = latest.summary()
  t.equal(summary.status, 'passed')
  for (const node of NODES) t.ok((summary.hosts[node]?.changed ?? 0) > 0, `${node} is provisioned`)
  const begun = events.flatMap((event) => (event.type === 'play_start' ? [event.play] : []))
  t.ok(begun.includes('Docker Engine') && begun.includes('The app answers from outside'))
  t.same(
    begun.filter((play) => LEFT_OUT.includes(play)),
    [],
  )
  t.same(
    summary.findings.filter(({ holds }) => holds !== true),
    [],
    'what it claims holds',
  )
  t.ok(summary.findings.some(({ id }) => id === 'app.counter.counts'))
  t.notOk(
    summary.findings.some(({ id }) => /^swarm\.(drain|active|force-update)|^registry\.storage\.survives/.test(id)),
    'it claims nothing of what was left out',
  )
  const notices = events.flatMap((event) =>
    event.type === 'notice' && event.message.startsWith('left out') ? [event.message] : [],
  )
  t.equal(notices.length, 1)
  for (const name of [...LEFT_OUT, '--allow-faults', 'node1', 'node2'])
    t.ok(notices[0]?.includes(name), `the notice names ${name}`)
})

t.test('a data-removing command is refused as well', async (t) => {
  const { exitCode, stderr } = await runPlaybook('playbooks/registry.mjs', ['gc', ...OWN])
  t.equal(exitCode, 2)
  t.match(stderr, /node1: images that no service uses are deleted from the registry\n/)
})

t.test('the lab that they are is removed without a flag', async (t) => {
  await succeeds(t, lab('down'))
  t.same(machineState('lbown'), before)
  t.notOk(existsSync('/var/lib/labbook/lbown'))
})
