import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { processesOf } from './machine.ts'

/*
 * Three virtual machines, from bare to a proven Swarm with the routing mesh, kept and brought back, taken away. In software emulation that
 * takes the better part of an hour: `npm run test:vm`.
 */

const INVENTORY = ['-i', 'test/vm/lab.yaml', '--yes']
const DIR = '/var/lib/labbook/lbvm'
const lab = (...words: string[]) => runPlaybook('playbooks/lab.mjs', [...words, ...INVENTORY])
const findings = (): Record<string, boolean | null> => Object.fromEntries(latestRun().summary().findings.map(({ id, holds }) => [id, holds]))

/** A step of the story; when it fails, what the run printed is part of the report. */
async function succeeds(t: Test, what: string, step: Promise<{ exitCode: number | null; stdout: string; stderr: string }>): Promise<void> {
  const began = Date.now()
  const { exitCode, stdout, stderr } = await step
  t.comment(`${what}: ${Math.round((Date.now() - began) / 1000)} s`)
  if (!t.equal(exitCode, 0, what)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

await lab('down') // what a killed test has left
t.teardown(async () => { await lab('down') })

t.test('from nothing to a Swarm that serves the app through the routing mesh', async (t) => {
  await succeeds(t, 'up', lab('up'))
  await succeeds(t, 'site', runPlaybook('playbooks/site.mjs', [...INVENTORY, '--skip-tags', 'experiments']))
  const found = findings()
  t.ok(Object.keys(found).length > 10)
  t.same(Object.entries(found).filter(([, holds]) => holds !== true), [])
  const services = latestRun().events.find((event) => event.type === 'exhibit' && event.title === 'Services of the stack')
  t.match(services, { stdout: /:8080->8080/ }, 'by the mesh')
})

t.test('the mesh is what it says', async (t) => {
  await succeeds(t, 'experiments', runPlaybook('playbooks/experiments.mjs', ['mesh', 'mesh-power-off', ...INVENTORY]))
  t.match(findings(), { 'swarm.mesh.every-node': true, 'swarm.mesh.balances': true, 'swarm.vip.balances': true, 'swarm.node-power-off.recovers': true })
  t.ok(latestRun().events.some((event) => event.type === 'exhibit' && /ipvsadm/.test(event.title) && /Conns/.test(event.stdout)), 'with the kernel\'s tables as exhibits')
})

t.test('the formed Swarm is kept and brought back', async (t) => {
  await succeeds(t, 'snapshot', lab('snapshot', 'formed'))
  await succeeds(t, 'resume', lab('resume', 'formed'))
  await succeeds(t, 'list', lab('list'))
  t.match(latestRun().events.find((event) => event.type === 'exhibit'), { stdout: /formed/ })
  await succeeds(t, 'site again', runPlaybook('playbooks/site.mjs', [...INVENTORY, '--tags', 'swarm']))
  t.same(findings(), { 'swarm.nodes.ready': true })
  await succeeds(t, 'delete', lab('delete', 'formed'))
  await succeeds(t, 'status', lab('status'))
  t.same(findings(), { 'lab.nodes.up': true })
})

t.test('down leaves nothing', async (t) => {
  await succeeds(t, 'down', lab('down'))
  t.notOk(existsSync(DIR))
  t.strictSame(processesOf(DIR), [])
})
