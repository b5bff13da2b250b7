import t from 'tap'
import { K3S_EXPERIMENTS } from '../../../playbooks/k3s/experiments/index.ts'
import { clusterProof, kubernetesProof } from '../../../playbooks/k3s/proof.ts'
import { EXPERIMENTS } from '../../../playbooks/swarm/experiments/index.ts'

t.test('each says what it expects, begins with all well, and makes findings of its own', async (t) => {
  const all = Object.entries(K3S_EXPERIMENTS)
  for (const [name, experiment] of all) {
    t.ok(experiment.hypothesis, `${name} has a hypothesis`)
    t.type(experiment.start, 'function', `${name} looks before it begins`)
    t.ok(experiment.tags?.includes(name), `${name} can be chosen by its name`)
  }
  for (const name of ['k3s-drain', 'k3s-node-killed', 'k3s-update', 'k3s-broken-update', 'k3s-autoscale'] as const) t.type(K3S_EXPERIMENTS[name].restore, 'function', `${name} puts things back`)
  const ids = [...all.map(([, experiment]) => experiment), clusterProof, kubernetesProof, ...Object.values(EXPERIMENTS)].flatMap(({ proves }) => Object.keys(proves))
  t.equal(new Set(ids).size, ids.length, 'no finding is made by two')
})
