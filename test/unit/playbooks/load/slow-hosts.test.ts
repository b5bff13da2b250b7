import t from 'tap'
import { messageText } from '../../../../src/events/message.ts'
import type { Exhibit } from '../../../../src/events/events.ts'
import { skipIfTooSlow } from '../../../../playbooks/load/slow-hosts.ts'

t.test('skipIfTooSlow() skips machines under software emulation unless the inventory allows them', async (t) => {
  const asked = async (slowdown: number, vars: object) => {
    const said: string[] = []
    const slow = await skipIfTooSlow({
      timeoutMultiplier: slowdown,
      hosts: ['node1'],
      hostvars: () => ({ ...vars }),
      log: () => {},
      exhibit: async ({ title, command }) => ({ title, command }) as Exhibit,
      inconclusive: (why) => {
        said.push(messageText(why))
      },
    })
    return { slow, said }
  }
  t.strictSame(await asked(5, {}), { slow: false, said: [] })
  t.strictSame(await asked(10, { load_most_slowdown: '10' }), { slow: false, said: [] })
  t.match(await asked(10, {}), { slow: true, said: [/timeout multiplier 10: .*load_most_slowdown: 10/] })
})
