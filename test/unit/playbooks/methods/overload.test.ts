import t from 'tap'
import { overloadOf } from '../../../../playbooks/methods/overload.ts'
import { messageText, type Exhibit } from '../../../../src/labbook.ts'

const pressure = (avg300: string): string =>
  `some avg10=12.00 avg60=97.79 avg300=${avg300} total=14211149716\nfull avg10=0.00 avg60=0.00 avg300=99.00 total=0\n`

t.test('hosts without CPU to spare are named, with the pressure as evidence', async (t) => {
  const stdout: Record<string, string> = { node1: pressure('97.40'), node2: pressure('89.99'), node3: '' }
  const asked: string[] = []
  const on = {
    exhibit: async ({ host = '', command }: { host?: string; command: string }) => {
      asked.push(command)
      return { host, stdout: stdout[host] } as Exhibit
    },
  }
  const overload = await overloadOf(on, ['node1', 'node2', 'node3'])
  t.equal(
    messageText(overload?.reason ?? ''),
    'tasks on node1 waited for a CPU 97 % of the last five minutes: the machines are too busy',
  )
  t.match(overload?.exhibits, [{ host: 'node1' }])
  t.equal(await overloadOf(on, ['node2', 'node3']), undefined, 'busy, and a kernel that does not count')
  t.equal(asked.length, 5)
})
