import type { Exhibit } from 'labbook'
import t from 'tap'
import { movesVerdicts } from '../../../../playbooks/prove/experiments/disturb-node.ts'
import type { StackService } from '../../../../playbooks/prove/model.ts'

const taskOn = (node: string): string => `t\tweb.1\t${node}\tRunning\tRunning 1 hour ago\t\n`

t.test('the tasks of a service prove something only if the node had one', (t) => {
  const holds = (replicas: number, before: string, after: string): boolean | null | undefined => {
    const services = [{ name: 'web', replicas, constraints: ['node.hostname == node1'] } as unknown as StackService]
    const listed = { stdout: `== web\n${taskOn(before)}` } as Exhibit
    const timing = { seconds: 3, evidence: [] }
    return movesVerdicts(services, 'node3', listed, `== web\n${taskOn(after)}`, timing).get('web')?.holds
  }
  t.equal(holds(1, 'node3', 'node1'), true)
  t.equal(holds(1, 'node3', 'node3'), false)
  t.equal(holds(1, 'node1', 'node1'), null, 'one replica on another node')
  t.equal(holds(2, 'node1', 'node1'), null)
  t.end()
})
