import { converge, shells } from '../support/shells.ts'
import { lab_keys } from '../../src/lab/keys.ts'
import { lab_rootfs } from '../../src/lab/rootfs.ts'
import { lab_network } from '../../src/lab/network.ts'
import { lab_node } from '../../src/lab/node.ts'
const show = (c: any) => {
  console.log(c.before.problem, c.before.changes.map((x: any) => x.description))
  console.log(c.applied.filter((x: any) => x.exitCode || x.stdout || x.stderr), c.after.problem, c.after.changes.map((x: any) => x.description), c.after.values)
}
const dir = '/tmp/lab/lab', rootfs = '/tmp/lab/rootfs', name = 'lbtest'
const nodes = [1, 2, 3].map((n) => ({ name: `node${n}`, address: `10.79.0.1${n}` }))
if (process.argv[2] === 'down') {
  for (const n of nodes) show(converge(shells[0], lab_node, { lab: name, dir, rootfs, ...n, nodes, state: 'stopped' }))
  show(converge(shells[0], lab_network, { name, dir, subnet: '10.79.0.0/24', nodes, state: 'absent', purge: true }))
} else {
show(converge(shells[0], lab_keys, { dir }))
show(converge(shells[0], lab_rootfs, { path: rootfs }))
show(converge(shells[0], lab_network, { name, dir, subnet: '10.79.0.0/24', nodes }))
for (const n of nodes) { console.time(n.name); show(converge(shells[0], lab_node, { lab: name, dir, rootfs, ...n, nodes, memory: '2G' })); console.timeEnd(n.name) }
}
