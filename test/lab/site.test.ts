import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { TaskResult } from '../../src/run/events.ts'
import { latestRun, runPlaybook, type Blow } from '../support/playbook.ts'
import { machineState } from './machine.ts'
import { registryCases } from './registry-cases.ts'
import { stackCases } from './stack-cases.ts'

/*
 * The main job on the real lab: namespaces with systemd and sshd, Docker, Swarm, the app. One story from bare to down;
 * each part needs the one before, so the first failure ends it.
 */

const INVENTORY = ['-i', 'test/lab/inventory.yaml']
const FINDINGS = [
  'registry.storage.external', 'registry.storage.survives',
  'registry.tls.verified', 'registry.untrusted.refused', 'registry.plain-http.refused', 'registry.anonymous.refused',
  'registry.login.accepted', 'registry.login.refused', 'registry.push.https', 'registry.pull.other-node',
  'swarm.nodes.ready', 'app.replicas.answer', 'app.counter.counts',
]
/** Experiments that are done here, and how many findings they make; all of them together take longer than a test may. */
const EXPERIMENTS = { drain: 3, 'node-killed': 2, scale: 2, update: 3, 'broken-update': 2, 'depends-on': 2 }
/** Where a runner is killed; each later run gets further. By plays, not by seconds since the start: a fast machine may be done by then. */
const BLOWS: readonly Blow[] = [
  { play: 'Lab', laterMs: 1000 },
  { play: 'Docker Engine', laterMs: 4000 },
  { play: 'Swarm: first manager', laterMs: 300 },
  { play: 'Images: what they are made of', laterMs: 8000 },
  { play: 'Images: made and pushed', laterMs: 1500 },
]
const NODES = ['node1', 'node2', 'node3']

const PROVISION = [...INVENTORY, '--yes', '--skip-tags', 'experiments']
const site = (...args: string[]) => runPlaybook('playbooks/site.mjs', [...PROVISION, ...args])
const experiments = (names: readonly string[], kill?: Blow) =>
  runPlaybook('playbooks/experiments.mjs', [...names, ...INVENTORY, '--yes'], kill === undefined ? {} : { kill })
const lab = (word: string) => runPlaybook('playbooks/lab.mjs', [word, ...INVENTORY, '--yes'])
const results = (): TaskResult[] => latestRun().events.filter((event) => event.type === 'result')
const names = (list: readonly TaskResult[], status: string): string[] =>
  list.filter((result) => result.status === status).map(({ host, play, task, handler }) => `${host}: ${play}: ${handler ? 'handler ' : ''}${task}`)
const changed = (): Record<string, number> =>
  Object.fromEntries(Object.entries(latestRun().summary().hosts).map(([host, recap]) => [host, recap.changed]))

await lab('down') // what a killed test has left
const before = machineState('lbsite')
t.teardown(async () => { await lab('down') })

/** A step of the story; when it fails, what the run printed is part of the report. */
async function succeeds(t: Test, step: Promise<{ exitCode: number | null; stdout: string; stderr: string }>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

t.test('check mode before the first run lists what the run then does', async (t) => {
  await succeeds(t, lab('up'))
  await succeeds(t, site('--check'))
  const predicted = results()
  t.match(predicted.find(({ status }) => status === 'unknown')?.message, /^cannot tell before «.+» has run/)

  await succeeds(t, site())
  const done = results()
  const does = new Set(names(done, 'changed'))
  const mayDo = new Set([...names(predicted, 'changed'), ...names(predicted, 'unknown')])
  t.same(names(predicted, 'changed').filter((name) => !does.has(name)), [], 'all that was predicted was done')
  t.same([...does].filter((name) => !mayDo.has(name)), [], 'nothing was done that was not predicted')
  const descriptions = (list: readonly TaskResult[]) => new Map(list.map((result) => [`${result.host} ${result.task}`, result.changes.map(({ description }) => description)]))
  const said = descriptions(predicted.filter(({ status }) => status === 'changed'))
  const made = descriptions(done)
  for (const [task, changes] of said) t.same(made.get(task), changes, `${task}: as predicted`)
})

t.test('the first run proves what it claims', async (t) => {
  const { folder, events, ...run } = latestRun()
  const summary = run.summary()
  t.equal(summary.status, 'passed')
  t.same(summary.findings.map(({ id, holds }) => [id, holds]), FINDINGS.map((id) => [id, true]))
  const exhibits = new Set(events.flatMap((event) => (event.type === 'exhibit' ? [event.id] : [])))
  for (const { id, evidence } of summary.findings) {
    t.ok(evidence.length > 0, `${id} has evidence`)
    t.ok(evidence.every((exhibit) => exhibits.has(exhibit)), `${id}: its exhibits are in the journal`)
    t.ok(evidence.every((exhibit) => existsSync(path.join(folder, 'img', `${exhibit}.svg`))), `${id}: its exhibits are pictures`)
  }
  for (const file of ['report.md', 'report.html']) {
    const text = readFileSync(path.join(folder, file), 'utf8')
    t.ok(FINDINGS.every((id) => text.includes(id)), `${file} names every finding`)
    t.notMatch(text, /SWMTKN-1-[0-9a-z]/, `${file} holds no join token`)
  }
  t.notMatch(readFileSync(path.join(folder, 'events.jsonl'), 'utf8'), /SWMTKN-1-[0-9a-z]/, 'the journal holds no join token')
})

t.test('a second run changes nothing, and check mode after it lists nothing', async (t) => {
  await succeeds(t, site())
  t.same(changed(), { localhost: 0, node1: 0, node2: 0, node3: 0 })
  await succeeds(t, site('--check', '--diff'))
  t.same([...names(results(), 'changed'), ...names(results(), 'unknown')], [])
})

t.test('experiments prove what they claim, and leave the cluster as it was', async (t) => {
  await succeeds(t, experiments(Object.keys(EXPERIMENTS)))
  const { folder, events, ...run } = latestRun()
  const { findings } = run.summary()
  t.same(findings.filter(({ holds }) => holds !== true), [])
  t.equal(findings.length, 1 + Object.values(EXPERIMENTS).reduce((sum, n) => sum + n, 0), 'and that of the Swarm')
  const timelines = events.flatMap((event) => (event.type === 'exhibit' && event.chart ? [event] : []))
  t.equal(timelines.length, Object.keys(EXPERIMENTS).length - 1, 'a timeline of each, but for depends-on')
  for (const { id, chart, data } of timelines) {
    t.ok(chart?.kind === 'timeline' && chart.bars.length >= 5 && (chart.requests ?? []).length > 5, `${id}: tasks and requests`)
    t.match(data?.find(({ name }) => name === 'requests.csv')?.text, /^at_s,ms,door,method,status,replica,node,error\n\d+\./)
    t.ok(existsSync(path.join(folder, 'img', `${id}.svg`)), `${id} is drawn`)
  }
  await succeeds(t, site())
  t.same(changed(), { localhost: 0, node1: 0, node2: 0, node3: 0 })
})

t.test('an experiment that is interrupted puts back what it has disturbed', async (t) => {
  const { exitCode } = await experiments(['node-killed'], { play: 'A node loses its power', exhibit: 'node3 is Down', laterMs: 500, signal: 'SIGINT' })
  t.equal(exitCode, 130)
  const events = latestRun().events
  t.ok(events.some((event) => event.type === 'exhibit' && event.title === 'node3 loses its power'), 'it had lost its power')
  t.match(events.at(-1), { type: 'run_end', status: 'interrupted' })
  await succeeds(t, site())
  t.same(changed(), { localhost: 0, node1: 0, node2: 0, node3: 0 })
  t.ok(existsSync(path.join(latestRun().folder, 'report.html')))
})

stackCases(t, INVENTORY)

registryCases(t, { inventory: INVENTORY, dir: '/var/lib/labbook/lbtest', nodes: ['10.79.0.11', '10.79.0.12', '10.79.0.13'] })

t.test('errors are one clear message', async (t) => {
  const docker = (...args: string[]) => runPlaybook('playbooks/docker.mjs', [...INVENTORY, '--yes', '--limit', NODES.join(), ...args])
  const messages = (): string[] => results().filter(({ status }) => status === 'unreachable' || status === 'failed').map(({ message }) => message ?? '')

  const wrongKey = await docker('-e', 'ansible_ssh_private_key_file=/etc/ssh/ssh_host_ed25519_key')
  t.equal(wrongKey.exitCode, 4)
  t.equal(messages().length, 3, 'one for each host')

  await runPlaybook('test/lab/playbooks/power.mjs', [...INVENTORY, '--yes'])
  const dead = await docker()
  t.equal(dead.exitCode, 4)
  t.same(results().filter(({ status }) => status === 'unreachable').map(({ host }) => host), ['node3'])
  t.match(messages()[0], /^node3: /)
  t.ok(results().filter(({ host, status }) => host === 'node2' && status === 'ok').length > 3, 'the others go on')

  const missing = await runPlaybook('test/lab/playbooks/missing.mjs', [...INVENTORY, '--yes'])
  t.equal(missing.exitCode, 2)
  t.match(messages()[0], /no-such-package-anywhere/)
  t.notMatch(`${dead.stdout}${dead.stderr}${missing.stdout}${missing.stderr}${wrongKey.stderr}`, /\n\s+at .*\.ts:\d+/, 'no stack trace')
})

t.test('a node that lost its power and one that left the Swarm are brought back', async (t) => {
  await succeeds(t, runPlaybook('test/lab/playbooks/leave.mjs', [...INVENTORY, '--yes']))
  await succeeds(t, runPlaybook('playbooks/app.mjs', [...INVENTORY, '--yes']))
  t.equal(latestRun().summary().findings.find(({ id }) => id === 'swarm.nodes.ready')?.holds, true)
  await succeeds(t, runPlaybook('playbooks/app.mjs', [...INVENTORY, '--yes']))
  t.same(changed(), { localhost: 0, node1: 0, node2: 0, node3: 0 })
})

t.test('down leaves the machine as it was', async (t) => {
  await succeeds(t, lab('down'))
  t.same(machineState('lbsite'), before)
  t.notOk(existsSync('/var/lib/labbook/lbtest'))
})

t.test('a runner killed at any moment: the next run ends well', async (t) => {
  for (const kill of BLOWS) {
    await runPlaybook('playbooks/site.mjs', PROVISION, { kill })
    const { events } = latestRun()
    t.equal(events.some((event) => event.type === 'play_start' && event.play === kill.play), true, `«${kill.play}» had begun`)
    t.equal(events.at(-1)?.type === 'run_end', false, `killed ${kill.laterMs} ms after the start of «${kill.play}»`)
  }
  await succeeds(t, site())
  // In its midst: the node is drained.
  const { exitCode } = await experiments(['drain'], { play: 'Drain a node and bring it back', laterMs: 15_000 })
  t.equal(exitCode, null)
  await succeeds(t, site())
  await succeeds(t, site())
  t.same(changed(), { localhost: 0, node1: 0, node2: 0, node3: 0 })
  await succeeds(t, lab('down'))
  t.same(machineState('lbsite'), before)
})
