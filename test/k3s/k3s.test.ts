import t, { type Test } from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { machineState } from '../lab/machine.ts'

/*
 * k3s itself on a lab: LABBOOK_K3S_ARTIFACTS names a folder with what docs/k3s.md lists. One story; each part needs the one before, so the first failure
 * ends it.
 */

const artifacts = process.env['LABBOOK_K3S_ARTIFACTS']
if (artifacts === undefined || artifacts === '') {
  t.plan(0, 'skipped: no k3s artifacts')
  process.exit()
}

const INVENTORY = ['-i', 'test/k3s/inventory.yaml', '--yes']
const ARTIFACTS = ['-e', JSON.stringify({ k3s_artifacts: artifacts })]
const k3s = (word: string, ...more: string[]) => runPlaybook('playbooks/k3s.mjs', [word, ...INVENTORY, ...ARTIFACTS, ...more])
const lab = (word: string) => runPlaybook('playbooks/lab.mjs', [word, ...INVENTORY])
const findings = (): Record<string, boolean | null> => Object.fromEntries(latestRun().summary().findings.map(({ id, holds }) => [id, holds]))
const changed = (): string[] => latestRun().events.flatMap((event) => event.type === 'result' && event.status === 'changed' ? [`${event.host}: ${event.play}: ${event.task}`] : [])

await lab('down') // what a killed test has left
const before = machineState('lbk3s')
t.teardown(async () => { await lab('down') })

async function succeeds(t: Test, step: Promise<{ exitCode: number | null; stdout: string; stderr: string }>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

t.test('what the app gives and costs on a Swarm', async (t) => {
  await succeeds(t, runPlaybook('playbooks/app.mjs', INVENTORY))
  await succeeds(t, runPlaybook('playbooks/k3s.mjs', ['measure-swarm', ...INVENTORY]))
  t.match(findings(), { 'compare.swarm': true })
})

t.test('the same machines become a k3s cluster that serves the app from our registry', async (t) => {
  await succeeds(t, k3s('up'))
  t.match(findings(), { 'k3s.nodes.ready': true, 'k3s.pods.ready': true, 'k3s.app.answers': true, 'k3s.app.counts': true })
})

t.test('a second time nothing is to be done', async (t) => {
  await succeeds(t, k3s('up'))
  t.strictSame(changed(), [])
})

t.test('a change of the configuration restarts one node after the other', async (t) => {
  await succeeds(t, k3s('up', '-e', '{"k3s_config": {"kubelet-arg": ["max-pods=100"]}}'))
  t.strictSame(changed().filter((line) => /: k3s as /.test(line)).length, 3)
  await succeeds(t, k3s('up'))
})

t.test('the experiments, and what it gives and costs: with no more said than where the artifacts are', async (t) => {
  await succeeds(t, runPlaybook('playbooks/site.mjs', ['--tags', 'k3s', ...INVENTORY, ...ARTIFACTS]))
  const found = findings()
  t.match(found, { 'compare.k3s': true })
  t.ok(Object.keys(found).length > 15)
  t.strictSame(Object.entries(found).filter(([id, holds]) => holds !== true && id !== 'compare.complete'), [], 'of the Swarm no experiments were run')
})

t.test('reset leaves nothing, and it can be installed again', async (t) => {
  await succeeds(t, k3s('reset'))
  await succeeds(t, k3s('reset'))
  t.strictSame(changed(), [])
  await succeeds(t, k3s('up'))
  await succeeds(t, lab('down'))
  t.strictSame(machineState('lbk3s'), before)
})
