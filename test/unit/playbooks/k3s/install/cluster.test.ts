import fc from 'fast-check'
import t from 'tap'
import { plannedCluster, describeCluster, kubeletLabels } from '../../../../../playbooks/k3s/install/cluster.ts'

type Vars = Record<string, unknown>

const inventory = (servers: Record<string, Vars>, agents: Record<string, Vars> = {}) => ({
  groups: { k3s_servers: Object.keys(servers), k3s_agents: Object.keys(agents) },
  hostvars: (host: string): Vars => ({ ...servers, ...agents })[host] ?? {},
})

t.test('plannedCluster() reads the inventory', async (t) => {
  const cluster = plannedCluster(
    inventory(
      { Node1: { ansible_host: '10.0.0.1', k3s_labels: { zone: 'a', 'node-role.kubernetes.io/db': '' } } },
      { node2: { ansible_host: 'two.example', k3s_taints: ['only=db:NoSchedule'] } },
    ),
  )
  t.match(cluster.nodes, [
    { name: 'node1', role: 'server', ip: '10.0.0.1', taints: [] },
    { name: 'node2', role: 'agent', address: 'two.example', ip: undefined, taints: ['only=db:NoSchedule'] },
  ])
  t.strictSame(kubeletLabels(cluster.first), ['zone=a'], 'a node may not set Kubernetes labels itself')
  t.match(
    describeCluster(cluster),
    /^API: https:\/\/10\.0\.0\.1:6443; datastore: SQLite[^]*node2 \(two\.example\): agent, only=db:NoSchedule$/,
  )
  t.match(
    plannedCluster(
      inventory(
        { a: { ansible_host: '127.0.0.1', lab_address: '10.77.0.11' } },
        { b: { ansible_host: '127.0.0.1', lab_address: '10.77.0.12' } },
      ),
    ).nodes,
    [
      { address: '10.77.0.11', ip: '10.77.0.11' },
      { address: '10.77.0.12', ip: '10.77.0.12' },
    ],
    'machines behind forwarded ports have other internal addresses',
  )
  t.equal(plannedCluster(inventory({ a: { k3s_api_address: 'api.example' } })).api, 'api.example')
})

t.test('plannedCluster() rejects an invalid cluster', async (t) => {
  const rejects = (message: RegExp, on: ReturnType<typeof inventory>): void => {
    t.throws(() => plannedCluster(on), { name: 'PlaybookError', message })
  }
  rejects(/no host in group k3s_servers/, inventory({}))
  rejects(
    /k3s_servers has 2 hosts.* 2 servers tolerate no more failures than 1\. Use 1 or 3/,
    inventory({ a: {}, b: {} }),
  )
  rejects(/4 servers tolerate no more failures than 3\. Use 3 or 5/, inventory({ a: {}, b: {}, c: {}, d: {} }))
  t.equal(plannedCluster(inventory({ a: {}, b: {}, c: {} })).servers.length, 3)
  rejects(/b is in both k3s_servers and k3s_agents/, inventory({ b: {} }, { b: {} }))
  rejects(
    /Box and b both have the name box.*Set k3s_node_name/,
    inventory({ Box: {} }, { b: { k3s_node_name: 'box' } }),
  )
  rejects(
    /a and b both have the address 10\.0\.0\.1/,
    inventory({ a: { ansible_host: '10.0.0.1' } }, { b: { ansible_host: '10.0.0.1' } }),
  )
  rejects(/"my_box" is not a valid node name/, inventory({ my_box: {} }))
  rejects(/k3s_labels: invalid label "zone: a b"/, inventory({ a: { k3s_labels: { zone: 'a b' } } }))
  rejects(/k3s_taints: invalid taint "db"/, inventory({ a: { k3s_taints: ['db'] } }))
  rejects(/k3s_node_ip is "here"/, inventory({ a: { k3s_node_ip: 'here' } }))
})

t.test('plannedCluster() makes node names unique, or rejects them', async () => {
  const lists = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z]{1,4}$/), { minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(lists, (list) => {
      const on = inventory({ [list[0] as string]: {} }, Object.fromEntries(list.slice(1).map((name) => [name, {}])))
      const duplicate = new Set(list.map((name) => name.toLowerCase())).size < list.length
      try {
        const names = plannedCluster(on).nodes.map(({ name }) => name)
        return !duplicate && new Set(names).size === list.length
      } catch {
        return duplicate
      }
    }),
  )
})
