import t from 'tap'
import { faultsOf } from '../../../../playbooks/lab/faults.ts'

t.test('a partition of a machine heals by itself, later on slow machines', async (t) => {
  const inject = (slowdown?: number): string => {
    const vars = slowdown === undefined ? {} : { slowdown }
    return faultsOf({ groups: { all: ['node1'] }, hostvars: () => vars }, 'node1').partition.inject
  }
  t.match(inject(), '(sleep 600;')
  t.match(inject(4), '(sleep 2400;')
})
