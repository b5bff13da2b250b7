import t from 'tap'
import { messageText } from '../../../../src/events/message.ts'
import { networkOf, parseTasks } from '../../../../playbooks/balancer/network.ts'

const inventory = {
  groups: { swarm: ['node1', 'node2'] },
  hostvars: (name: string) => ({ ansible_host: name === 'node1' ? '10.0.0.1' : '10.0.0.2', balancer_port: 81 }),
}

t.test('network has addresses and ports of the inventory, and the placement of the tasks', (t) => {
  const tasks = parseTasks(
    'balancer_app1.1 node2\nbalancer_app1.2 node1\nbalancer_app1.3 node2\nbalancer_app2.1 node1\nbalancer_redis.1 node1\nother_app1.1 node1\n',
  )
  const { rows, links } = networkOf(inventory, tasks)
  t.strictSame(
    rows.flatMap(({ boxes }) =>
      boxes.map(({ name, lines }) => [name, ...lines.map((line) => messageText(line))].join(' | ')),
    ),
    [
      'clients | any node',
      'haproxy on node1 | haproxy | 10.0.0.1:81',
      'haproxy on node2 | haproxy | 10.0.0.2:81',
      'app1 | port 8080, not published | 1 × node1 | 2 × node2',
      'app2 | port 8080, not published | 1 × node1',
      'redis | 1 × node1',
    ],
  )
  t.strictSame(
    rows[1]?.boxes.map(({ title = '' }) => messageText(title)),
    ['node1', 'node2'],
    'the title of a balancer is its node',
  )
  const names = new Set(rows.flatMap(({ boxes }) => boxes.map(({ name }) => name)))
  t.strictSame(
    links.flatMap(({ from, to }) => [from, to]).filter((name) => !names.has(name)),
    [],
    'links connect boxes',
  )
  t.equal(links.length, 2 + 4 + 2)
  t.end()
})
