import { messageText } from 'labbook'
import t from 'tap'
import type { ObservationResult } from '../../../../playbooks/methods/observe.ts'
import type { RequestResult } from '../../../../playbooks/methods/steady-probe.ts'
import {
  availability,
  describeStats,
  type RequestVerdict,
  noFailedRequest,
  noLostIncrement,
  onlyIf,
  statsByProbe,
} from '../../../../playbooks/methods/verdicts.ts'

/** Ten requests a second to two paths on two nodes in turn; those that `fails` selects fail. */
const observation = (fails: (endpoint: string, second: number) => boolean): ObservationResult<unknown> => {
  const addresses = [
    ['a', '80/shop/'],
    ['b', '80/shop/'],
    ['a', '80/blog/'],
    ['b', '80/blog/'],
  ] as const
  const requests = Array.from({ length: 100 }, (_, i): RequestResult => {
    const [endpoint, probe] = addresses[i % addresses.length] as (typeof addresses)[number]
    const error = fails(`${endpoint}:${probe}`, i / 10) ? 'status 502' : ''
    return { at: i * 100, ms: 5, endpoint, probe, method: 'GET', status: 200, replica: '', node: '', error }
  })
  return { requests } as unknown as ObservationResult<unknown>
}

/** A verdict with its detail as text. */
const shown = (verdict: RequestVerdict) => ({ ...verdict, detail: messageText(verdict.detail ?? '') })

t.test('a path that fails everywhere is an outage, although another path answers', async (t) => {
  const observed = observation((endpoint, second) => endpoint.endsWith('/blog/') && second >= 2 && second < 6)
  t.match(statsByProbe(observed), [
    { probe: '80/blog/', failed: 20 },
    { probe: '80/shop/', failed: 0, outage: 0 },
  ])
  t.match(shown(availability(observed, 2)), {
    holds: false,
    detail: /20 of 100 requests failed, longest outage 4.\d s at 80\/blog/,
  })
  t.equal(availability(observed, 5).holds, true)
  t.equal(noFailedRequest(observed).holds, false)
})

t.test('a node that fails is no outage while the others answer', async (t) => {
  const observed = observation((endpoint) => endpoint.startsWith('a:'))
  t.equal(availability(observed, 2).holds, true)
  t.equal(noFailedRequest(observed, { without: 'a' }).holds, true)
})

t.test('only requests of the time range count', async (t) => {
  const observed = observation((_, second) => second < 5)
  t.equal(noFailedRequest(observed, { from: 5 }).holds, true)
  t.equal(noFailedRequest(observed, { from: 4 }).holds, false)
  t.equal(availability(observed, 100, { to: 4 }).holds, false, 'every request failed, however long is tolerated')
})

t.test('without requests, or without the disturbance, nothing is known', async (t) => {
  t.equal(messageText(describeStats([])), 'no requests')
  const observed = observation(() => false)
  t.match(shown(availability(observed, 2, { from: 20 })), { holds: null, detail: /no requests/ })
  t.match(shown(noFailedRequest(observed, { from: 20 })), { holds: null, detail: 'no requests' })
  t.equal(onlyIf(false, { holds: true }).holds, null)
  t.equal(onlyIf(false, { holds: false }).holds, false)
  t.equal(onlyIf(true, { holds: true }).holds, true)
})

t.test('lost increments, and a count that is not known', async (t) => {
  const increments = { acknowledged: 10, indeterminate: 1, added: 9, lost: 1 }
  t.match(shown(noLostIncrement({ increments, counts: { before: 5, after: 14 } })), {
    holds: false,
    detail: '1 increments lost; 10 acknowledged, 9 counted',
  })
  t.equal(noLostIncrement({ increments: { ...increments, lost: 0 }, counts: { before: 5, after: 15 } }).holds, true)
  t.equal(noLostIncrement({ increments, counts: { before: 5, after: Number.NaN } }).holds, null)
})
