import t from 'tap'
import { KUBERNETES_CLUSTER } from '../../../../../playbooks/k3s/prove/kubernetes.ts'
import { type LabContext, verbatim } from '../../../../../playbooks/messages/say.ts'
import { messageText, type Exhibit } from '../../../../../src/labbook.ts'

t.test('failed requests are inconclusive where a node of the cluster has no CPU to spare', async (t) => {
  const timeline = { id: 'timeline' } as Exhibit
  const asked: string[] = []
  const on = (pressure: number) =>
    ({
      groups: { k3s_servers: ['node1'], k3s_agents: ['node2'] },
      exhibit: async ({ host = '' }) => {
        asked.push(host)
        return { host, stdout: `some avg10=0.00 avg60=0.00 avg300=${host === 'node2' ? pressure : 10} total=1\n` }
      },
    }) as unknown as LabContext
  const failed = { holds: false, detail: verbatim('3 requests failed') }
  const judge = async (pressure: number, holds: boolean) =>
    await KUBERNETES_CLUSTER.judge(on(pressure), { exhibit: timeline }, { ...failed, holds })
  const overloaded = await judge(95, false)
  t.match(overloaded, { holds: null, evidence: [timeline, { host: 'node2' }] })
  t.match(messageText(overloaded.detail ?? ''), /^3 requests failed; tasks on node2 waited for a CPU 95 %/)
  t.same(asked, ['node1', 'node2'])
  t.match(await judge(60, false), { holds: false, evidence: [timeline] })
  t.match(await judge(95, true), { holds: true, evidence: [timeline] })
  t.equal(asked.length, 4, 'a verdict that holds asks nothing')
})
