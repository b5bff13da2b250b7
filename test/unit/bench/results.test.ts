import t from 'tap'
import { join, measured, ratio, type Results, type Trial } from '../../../bench/results.ts'
import { spread } from '../../../bench/statistics.ts'
import { judge } from '../../../bench/targets.ts'

const trial = (runner: string, repeat: number, wall: number, more: Partial<Trial> = {}): Trial => ({
  workload: 'second',
  hosts: 10,
  runner,
  repeat,
  load: 0,
  wall,
  controllerCpu: wall / 2,
  targetsCpu: wall / 4,
  connections: 10,
  bytes: 1000,
  refused: 0,
  ...more,
})
const results = (trials: Trial[], more: Partial<Results> = {}): Results => ({
  date: '2026-01-01T00:00:00Z',
  machine: { cores: 2, cpu: '', memoryBytes: 0, system: '', kernel: '', node: '' },
  runners: [],
  notes: [],
  trials,
  counts: [],
  scale: [],
  ...more,
})
const CASE = { workload: 'second', hosts: 10 } as const

t.test('spread', async (t) => {
  t.equal(spread([]), undefined)
  t.same(spread([3, 1, 2]), { median: 2, min: 1, max: 3, count: 3 })
  t.same(spread([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, count: 4 })
})

t.test('ratios compare the same repeat, and only if both ran', async (t) => {
  const trials = [
    trial('floor', 0, 1),
    trial('floor', 1, 10),
    trial('floor', 2, 100),
    trial('labbook-node', 0, 2),
    trial('labbook-node', 1, 30),
    trial('labbook-node', 3, 9),
  ]
  t.same(ratio(trials, 'labbook-node', 'floor', CASE, 'wall'), { median: 2.5, min: 2, max: 3, count: 2 })
  t.equal(
    ratio(trials, 'labbook-node', 'floor', { workload: 'first', hosts: 10 }, 'wall'),
    undefined,
    'another case is kept',
  )
})

t.test('CPU includes controller and hosts', async (t) => {
  t.equal(measured([trial('floor', 0, 4)], 'floor', CASE, 'cpu')?.median, 3)
})

t.test('targets are judged only if measured', async (t) => {
  const line = (all: Results, text: string) => judge(all).find(({ target }) => target.startsWith(text))
  const text = 'second run: at most 1.3x the floor (wall, 10 hosts)'
  t.equal(line(results([]), text)?.met, null)
  t.equal(line(results([trial('floor', 0, 1), trial('labbook-node', 0, 1.3)]), text)?.met, true)
  const missed = line(results([trial('floor', 0, 1), trial('labbook-node', 0, 1.4), trial('labbook', 0, 5)]), text)
  t.match(missed, { met: false, found: /^1\.40x/, other: /^5\.00x/ })
  const less = 'second run: 35x less CPU than Ansible with pipelining (CPU, 10 hosts)'
  t.match(line(results([trial('ansible-fast', 0, 40), trial('labbook-node', 0, 1)]), less), {
    met: true,
    found: /^40\.0x less/,
  })
  t.equal(line(results([trial('ansible-fast', 0, 30), trial('labbook-node', 0, 1)]), less)?.met, false)
})

t.test('targets for 200 hosts', async (t) => {
  const many = { hosts: 200 }
  const count = { workload: 'second', hosts: 200, runner: 'labbook-node', roundTrips: 0 } as const
  const all = results([trial('labbook-node', 0, 1, { hosts: 50 }), trial('labbook-node', 0, 4.2, many)], {
    counts: [{ ...count, memory: 149e6 }],
  })
  const of = (kind: RegExp, from = all) => judge(from).find(({ target }) => kind.test(target))?.met
  t.equal(of(/MaxStartups/), true)
  t.equal(of(/150 MB/), true)
  t.equal(of(/linear/), true)
  t.equal(of(/MaxStartups/, results([trial('labbook-node', 0, 1, { ...many, refused: 1 })])), false)
  t.equal(of(/150 MB/, results([], { counts: [{ ...count, memory: 151e6 }] })), false)
  t.equal(of(/linear/, results([trial('labbook-node', 0, 1, { hosts: 50 }), trial('labbook-node', 0, 5, many)])), false)
})

t.test('joined results: later results replace earlier ones per case and runner', async (t) => {
  const old = results([trial('floor', 0, 1), trial('ansible', 0, 50)])
  const joined = join([old, results([trial('floor', 0, 2), trial('floor', 0, 7, { hosts: 50 })])])
  t.equal(measured(joined.trials, 'floor', CASE, 'wall')?.median, 2)
  t.equal(measured(joined.trials, 'ansible', CASE, 'wall')?.median, 50)
  t.equal(measured(joined.trials, 'floor', { ...CASE, hosts: 50 }, 'wall')?.median, 7)
})
