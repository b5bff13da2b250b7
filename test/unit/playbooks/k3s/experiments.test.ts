import t from 'tap'
import { unscalable } from '../../../../playbooks/k3s/experiments/autoscale.ts'
import { K3S_EXPERIMENTS } from '../../../../playbooks/k3s/experiments/index.ts'
import { clusterProof, kubernetesProof } from '../../../../playbooks/k3s/proof.ts'
import k3s from '../../../../playbooks/k3s/playbook.ts'
import { isSteady, targetNode } from '../../../../playbooks/k3s/experiments/support/cluster.ts'
import type { Pod } from '../../../../playbooks/k3s/objects.ts'
import { EXPERIMENTS } from '../../../../playbooks/swarm/experiments/index.ts'
import { messageText } from '../../../../src/labbook.ts'

t.test('each experiment has expectations, a steady-state check and unique findings', async (t) => {
  const all = Object.entries(K3S_EXPERIMENTS)
  for (const [name, experiment] of all) {
    t.ok(experiment.hypothesis, `${name} has a hypothesis`)
    t.type(experiment.steadyState, 'function', `${name} has a steady-state check`)
    t.ok(experiment.tags?.includes(name), `${name} has its name as a tag`)
  }
  for (const name of ['k3s-drain', 'k3s-node-killed', 'k3s-update', 'k3s-broken-update', 'k3s-autoscale'] as const)
    t.type(K3S_EXPERIMENTS[name].rollback, 'function', `${name} has a rollback`)
  const ids = [
    ...all.map(([, experiment]) => experiment),
    clusterProof,
    kubernetesProof,
    ...Object.values(EXPERIMENTS),
  ].flatMap(({ assertions: proves }) => Object.keys(proves))
  t.equal(new Set(ids).size, ids.length, 'finding ids are unique')
})

t.test('nodes of a cluster outside the inventory are not touched', async (t) => {
  const names = (vars: Record<string, unknown>): string[] => {
    const { steps } = k3s
    return (typeof steps === 'function' ? steps(['experiments'], vars) : steps).map(({ name }) => name)
  }
  const taking = [K3S_EXPERIMENTS['k3s-drain'].name, K3S_EXPERIMENTS['k3s-node-killed'].name]
  for (const name of taking) {
    t.ok(names({}).includes(name), name)
    t.notOk(names({ kubecontext: 'k3d-mine' }).includes(name), name)
  }
  const groups = { k3s_servers: ['a'], k3s_agents: ['b', 'c'] }
  t.same(targetNode({ groups, hostvars: (host) => (host === 'c' ? { k3s_node_name: 'Third' } : {}) }), {
    host: 'c',
    node: 'third',
  })
  t.throws(() => targetNode({ groups, hostvars: () => ({ kubecontext: 'k3d-mine' }) }), {
    name: 'PlaybookError',
    message: /group k3s_agents has no host/,
  })
})

t.test('without metrics-server, autoscaling is inconclusive, with the reason', async (t) => {
  const groups = { k3s_servers: ['a'], k3s_agents: ['b'] }
  const why = (disabled: string[]): string =>
    messageText(unscalable({ groups, hostvars: () => ({ k3s_disable: disabled }) }) ?? '')
  t.equal(why(['metrics-server']), 'metrics-server is disabled (k3s_disable)')
  t.equal(why(['traefik']), '')
})

t.test('an autoscaler may run more pods than requested', async (t) => {
  const pods = ['1', '2', '3'].map(
    (uid): Pod =>
      ({
        uid,
        name: `counter-${uid}`,
        app: 'counter',
        node: 'a',
        ready: true,
        going: false,
        state: 'Running',
      }) as Pod,
  )
  t.notOk(isSteady(pods, 2))
  t.ok(isSteady(pods, 2, true))
  t.notOk(isSteady(pods, 4, true))
})
