import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Exhibit } from '../../../../src/events/events.ts'
import { bottleneckOf, type CpuUsage } from '../../../../playbooks/load/bottleneck.ts'
import { parseContainers } from '../../../../playbooks/load/replicas.ts'
import { loadSettings } from '../../../../playbooks/load/settings.ts'
import { skipIfTooSlow } from '../../../../playbooks/load/slow-hosts.ts'
import { inventoryTargets } from '../../../../playbooks/load/trial.ts'
import { cpuUsages, parseCpu, READ_CPU, sampleCpu, type CpuReading } from '../../../../playbooks/load/usage.ts'

const ID = 'a'.repeat(64)
const files = (all: Record<string, string>): string =>
  Object.entries(all)
    .map(([file, text]) => `==> ${file} <==\n${text}\n`)
    .join('\n')

const kernel = (uptime: number, busy: number, idle: number): Record<string, string> => ({
  '/proc/uptime': `${uptime} 1.00`,
  '/proc/sys/kernel/random/boot_id': 'boot-1',
  '/sys/devices/system/cpu/online': '0-1',
  '/proc/stat': `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 1 2 3`,
})

t.test('parseCpu() reads cgroup v1 of a lab node', async (t) => {
  const at = (uptime: number, ns: number, throttled: number): CpuReading | undefined =>
    parseCpu(
      files({
        ...kernel(uptime, uptime * 150, uptime * 50),
        '/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage': String(ns * 3),
        [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpuacct.usage`]: String(ns),
        [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpu.stat`]: `nr_periods ${uptime * 10}\nnr_throttled ${throttled}\nthrottled_time 5`,
        [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpu.cfs_quota_us`]: '50000',
        [`/sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpu.cfs_period_us`]: '100000',
      }),
    )
  const [from, to] = [at(100, 1e9, 0), at(110, 5.9e9, 80)]
  if (from === undefined || to === undefined) return t.fail('not read')
  t.match(from, { node: 3, cores: 2, containers: { [ID]: { cpu: 1, limit: 0.5, periods: 1000 } } })
  const uses = cpuUsages({ node1: [from, to], node2: [from, to] }, [
    { id: ID, name: 'counter_counter.1', service: 'counter_counter' },
  ])
  t.same(
    uses.map(({ kind, name, cores, limit, throttled }) => [kind, name, cores.toFixed(2), limit, throttled]),
    [
      ['container', 'counter_counter.1', '0.49', 0.5, 0.8],
      ['node', 'node1', '1.47', undefined, undefined],
      ['container', 'counter_counter.1', '0.49', 0.5, 0.8],
      ['node', 'node2', '1.47', undefined, undefined],
      // One kernel: the machine counts once.
      ['machine', 'node1, node2', '1.50', 2, undefined],
    ],
  )
})

t.test('parseCpu() reads cgroup v2, and a container without a limit', async (t) => {
  const scope = `/sys/fs/cgroup/system.slice/docker-${ID}.scope`
  const reading = parseCpu(
    files({
      ...kernel(50, 10, 90),
      '/sys/fs/cgroup/cpu.stat': 'usage_usec 900\nuser_usec 1',
      [`${scope}/cpu.stat`]: 'usage_usec 2500000\nuser_usec 1\nnr_periods 7\nnr_throttled 2\nthrottled_usec 1',
      [`${scope}/cpu.max`]: '150000 100000',
    }),
  )
  t.same(reading?.containers, { [ID]: { cpu: 2.5, limit: 1.5, periods: 7, throttled: 2 } })
  t.equal(reading?.node, undefined, "at the true root there is no cgroup.type: its CPU is the machine's")
  const free = parseCpu(
    files({ ...kernel(50, 10, 90), [`${scope}/cpu.stat`]: 'usage_usec 1', [`${scope}/cpu.max`]: 'max 100000' }),
  )
  t.same(free?.containers, { [ID]: { cpu: 0.000001, periods: 0, throttled: 0 } })
  const part = parseCpu(
    files({
      ...kernel(50, 10, 90),
      '/sys/fs/cgroup/cpu.stat': 'usage_usec 900\nuser_usec 1',
      '/sys/fs/cgroup/cgroup.type': 'domain',
    }),
  )
  t.equal(part?.node, 0.0009)
  t.equal(parseCpu('sh: head: not found'), undefined)
})

t.test('sampling() reads this machine twice during a task', async (t) => {
  const look = async () => ({
    stdout: execFileSync('sh', ['-c', READ_CPU], { encoding: 'utf8' }),
    stderr: '',
    exitCode: 0,
  })
  const reading = parseCpu((await look()).stdout)
  t.equal(reading?.boot, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const began = Date.now()
  const uses = await sampleCpu(
    { exec: look, signal: new AbortController().signal },
    ['controller', 'other'],
    async (between) => {
      while (Object.keys(between(began, Date.now())).length < 2)
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
      return cpuUsages(between(began, Date.now()), [])
    },
    0.1,
  )
  const machine = uses.find(({ kind }) => kind === 'machine')
  t.match(machine, { name: 'controller, other', limit: reading?.cores })
  t.ok(
    machine !== undefined && machine.cores >= 0 && machine.cores <= (reading?.cores ?? 0),
    `${machine?.cores} cores in use`,
  )
})

const container = (name: string, service: string, cores: number, throttled = 0): CpuUsage => ({
  kind: 'container',
  name,
  service,
  cores,
  limit: 0.5,
  throttled,
})
const machine = (cores: number): CpuUsage => ({ kind: 'machine', name: 'controller, node1', cores, limit: 2 })

t.test('bottleneckOf() names the bottleneck, or why it is unknown', async (t) => {
  t.match(
    bottleneckOf([container('web.1', 'web', 0.48, 0.7), container('gate.1', 'gate', 0.2), machine(1.2)], undefined),
    { what: 'the CPU limit of web', why: '1 container used 0.48 of 0.50 cores, throttled in 70 % of the periods' },
  )
  t.match(
    bottleneckOf([container('web.1', 'web', 0.48, 0.7), container('web.2', 'web', 0.1), machine(1.95)], undefined),
    { what: 'the CPU of the machine of controller, node1' },
    'one replica of two has room',
  )
  t.match(bottleneckOf([container('web.1', 'web', 0.49), machine(1.95)], undefined), {
    what: undefined,
    why: /^inconclusive: several are saturated: .*web.*; .*machine/,
  })
  t.match(bottleneckOf([container('web.1', 'web', 0.2), machine(0.5)], undefined), {
    what: undefined,
    why: /no CPU is saturated.*highest is web\.1 at 40 %/,
  })
  t.match(bottleneckOf([], undefined), { what: undefined, why: /no CPU usage sampled/ })
  t.match(bottleneckOf([container('web.1', 'web', 0.49)], 'the generator used 97 % of the one core it can use'), {
    refused: true,
    what: undefined,
    why: /^inconclusive: the generator/,
  })
})

t.test('readContainers() maps containers to tasks', async (t) => {
  t.same(
    parseContainers(`t1 counter_counter.2 node2 Running 5 minutes ago
t2 counter_gateway.qk3nodeid node1 Running 1 minute ago
t3 counter_redis.1 node1 Preparing 1 second ago

t1 ${ID}
t2 ${'b'.repeat(64)}
t3${' '}
`),
    [
      { id: ID, service: 'counter_counter', name: 'counter_counter.2' },
      { id: 'b'.repeat(64), service: 'counter_gateway', name: 'counter_gateway.node1' },
    ],
  )
})

t.test('loadSettings() reads the inventory and rejects invalid values', async (t) => {
  t.match(loadSettings({ load_trials: '7', load_replicas: '4,1,4' }), {
    trials: 7,
    replicas: [1, 4],
    trialSeconds: 5,
    p95Ms: 1000,
  })
  t.match(
    loadSettings({ load_step_seconds: 3 }, 10),
    { trialSeconds: 20, warmupSeconds: 4, stepSeconds: 3, p95Ms: 10_000 },
    'slow machines are loaded for longer, unless the inventory says for how long',
  )
  t.match(loadSettings({}, 60), { trialSeconds: 40, p95Ms: 60_000 }, 'within the bounds of each at the slowest')
  t.throws(() => loadSettings({ load_trials: 2.5 }), {
    message: /load_trials is 2\.5: it must be an integer from 1 to 50/,
  })
  t.throws(() => loadSettings({ load_trial_seconds: 'long' }), { message: /load_trial_seconds is "long"/ })
  t.throws(() => loadSettings({ load_replicas: 'many' }), { message: /load_replicas is "many"/ })
})

t.test('tooSlow() skips machines under software emulation unless the inventory allows them', async (t) => {
  const asked = async (slowdown: number, vars: object) => {
    const said: string[] = []
    const slow = await skipIfTooSlow({
      timeoutMultiplier: slowdown,
      hosts: ['node1'],
      hostvars: () => ({ ...vars }),
      log: () => {},
      exhibit: async ({ title, command }) => ({ title, command }) as Exhibit,
      inconclusive: (why) => {
        said.push(why)
      },
    })
    return { slow, said }
  }
  t.strictSame(await asked(5, {}), { slow: false, said: [] })
  t.strictSame(await asked(10, { load_most_slowdown: '10' }), { slow: false, said: [] })
  t.match(await asked(10, {}), { slow: true, said: [/timeout multiplier 10: .*load_most_slowdown: 10/] })
})

t.test('onlyOurs() rejects targets outside the inventory', async (t) => {
  const on = {
    groups: { all: ['node1', 'node2'] },
    hostvars: (name: string) => (name === 'node1' ? { ansible_host: '10.77.0.11' } : {}),
  }
  t.same(
    inventoryTargets(on, [
      { host: '10.77.0.11', port: 80 },
      { host: 'node2', port: 80 },
    ]).length,
    2,
  )
  t.throws(
    () =>
      inventoryTargets(on, [
        { host: '10.77.0.11', port: 80 },
        { host: 'example.org', port: 80 },
      ]),
    { message: /targets are not in the inventory: example\.org/ },
  )
  t.throws(
    () => inventoryTargets(on, [{ host: 'node1', port: 80 }]),
    { message: /node1/ },
    'its name is not its address',
  )
  t.throws(() => inventoryTargets(on, []), { message: /group swarm of the inventory has no host/ })
})
