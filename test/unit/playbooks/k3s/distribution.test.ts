import { chmodSync, existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { contextIn } from '../../../../playbooks/k3s/cluster.ts'
import { distributionDown, distributionOf, distributionUp, TOOLS } from '../../../../playbooks/k3s/distribution.ts'
import k3s from '../../../../playbooks/k3s/playbook.ts'
import type { Play, PlayContext } from '../../../../src/playbook/play.ts'
import { runSteps } from '../../../support/play-run.ts'

/* The outputs are written by hand, after the documentation of the tools: neither has run here. */

const K3D = [
  { name: 'labbook', serversCount: 1, serversRunning: 1, agentsCount: 2, agentsRunning: 2 },
  { name: 'resting', serversCount: 1, serversRunning: 0, agentsCount: 0, agentsRunning: 0 },
]
const MINIKUBE = {
  invalid: [],
  valid: [
    { Name: 'labbook', Status: 'OK' },
    { Name: 'older', Status: 'Running' },
    { Name: 'resting', Status: 'Stopped' },
  ],
}

t.test('the state of a cluster is read from the list of its tool', async (t) => {
  const states = (tool: 'k3d' | 'minikube', output: unknown, names: readonly string[]) =>
    names.map((name) => TOOLS[tool].state(typeof output === 'string' ? output : JSON.stringify(output), name))
  t.strictSame(states('k3d', K3D, ['labbook', 'resting', 'other']), ['running', 'stopped', 'absent'])
  t.strictSame(states('minikube', MINIKUBE, ['labbook', 'older', 'resting', 'other']), [
    'running',
    'running',
    'stopped',
    'absent',
  ])
  t.strictSame(states('minikube', '{"error":"No minikube profile was found"}', ['labbook']), ['absent'])
  t.strictSame(states('k3d', '', ['labbook']), ['absent'])
})

t.test('k3s_distribution selects the context, and is not combined with kubecontext', async (t) => {
  t.equal(contextIn({}), undefined)
  t.equal(contextIn({ k3s_distribution: 'k3d' }), 'k3d-labbook')
  t.equal(contextIn({ k3s_distribution: 'minikube', k3s_cluster: 'mine' }), 'mine')
  t.throws(() => distributionOf({ k3s_distribution: 'k3d', kubecontext: 'x' }), { message: /remove one of them/ })
  const names = (word: string): string[] => {
    const { steps } = k3s
    return (typeof steps === 'function' ? steps([word], { k3s_distribution: 'k3d' }) : steps).map(({ name }) => name)
  }
  t.match(names('up'), ['Create cluster on this machine', 'Create Redis password for Kubernetes'])
  t.notOk(names('up').includes('Install k3s files'))
  t.strictSame(names('reset'), ['Delete cluster of this machine'])
})

t.test('a cluster is created once, gets the images, and is deleted (a stand-in for k3d)', async (t) => {
  const dir = t.testdir({
    k3d: `#!/bin/sh
here=\${0%/*}
echo "$*" >>"$here/calls"
case "$1 $2" in
  'cluster list') [ -e "$here/there" ] && cat "$here/list" || echo '[]' ;;
  'cluster create') : >"$here/there" ;;
  'cluster delete') rm "$here/there" ;;
esac
`,
    list: JSON.stringify(K3D),
  })
  chmodSync(`${dir}/k3d`, 0o755)
  const path = process.env.PATH
  process.env.PATH = `${dir}:${path}`
  t.teardown(() => {
    process.env.PATH = path
  })
  const extraVars = { k3s_distribution: 'k3d', counter_image: 'counter:1', redis_image: 'redis:7' }
  const run = (steps: typeof distributionUp, vars: object = extraVars) =>
    runSteps(steps, { hosts: ['localhost'], extraVars: { ...vars }, mayDisturb: () => true })
  for (let i = 0; i < 2; i++) t.match(await run(distributionUp), { exitCode: 0 })
  t.ok(existsSync(`${dir}/there`))
  for (let i = 0; i < 2; i++) t.match(await run(distributionDown), { exitCode: 0 })
  t.strictSame(
    readFileSync(`${dir}/calls`, 'utf8')
      .split('\n')
      .filter((call) => call !== '' && !call.startsWith('cluster list')),
    [
      'cluster create labbook --agents 2 --wait --timeout 300s --kubeconfig-switch-context=false -p 8080:8080@loadbalancer -p 80:80@loadbalancer',
      'image import --cluster labbook counter:1 redis:7',
      'image import --cluster labbook counter:1 redis:7',
      'cluster delete labbook',
    ],
  )
  const missing = await run(distributionUp, { k3s_distribution: 'minikube', counter_image: 'a', redis_image: 'b' })
  t.equal(missing.exitCode, 2)
  t.match(missing.results.at(-1)?.message, /^minikube is not installed on this machine: https:/)
  t.throws(
    () =>
      (distributionUp[0] as Play).tasks({
        vars: { k3s_distribution: 'k3d', counter_image: 'a' },
      } as unknown as PlayContext),
    { message: /needs redis_image/ },
  )
})
