import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { type CpuReading, parseCpu, READ_CPU } from '../../../../playbooks/load/cpu-reading.ts'
import { cpuUsages, measureCpu } from '../../../../playbooks/load/usage.ts'

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
  if (from === undefined || to === undefined) return t.fail('parseCpu() returns no reading')
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
  t.equal(
    reading?.node,
    undefined,
    'the root cgroup, which has no cgroup.type, counts as the machine and not as a node',
  )
  const free = parseCpu(
    files({ ...kernel(50, 10, 90), [`${scope}/cpu.stat`]: 'usage_usec 1', [`${scope}/cpu.max`]: 'max 100000' }),
  )
  t.same(free?.containers, { [ID]: { cpu: 0.000001 } })
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

t.test('parseCpu() reads the hierarchy with the CPU controller', async (t) => {
  const name = `docker-${ID}.scope/cpu.stat`
  const reading = parseCpu(
    files({
      ...kernel(50, 10, 90),
      [`/sys/fs/cgroup/cpu/system.slice/${name}`]: 'nr_periods 7\nnr_throttled 2\nthrottled_time 1',
      [`/sys/fs/cgroup/cpuacct/system.slice/docker-${ID}.scope/cpuacct.usage`]: '1000000000',
      [`/sys/fs/cgroup/unified/system.slice/${name}`]: 'usage_usec 900\nuser_usec 1',
    }),
  )
  t.same(reading?.containers, { [ID]: { cpu: 1, periods: 7, throttled: 2 } })
})

t.test('measureCpu() reads this machine before and after a task', async (t) => {
  const look = async () => ({
    stdout: execFileSync('sh', ['-c', READ_CPU], { encoding: 'utf8' }),
    stderr: '',
    exitCode: 0,
  })
  const reading = parseCpu((await look()).stdout)
  t.equal(reading?.boot, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const { result, readings } = await measureCpu(
    { exec: look, signal: new AbortController().signal },
    ['controller', 'other'],
    0.1,
    async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 400)
      })
      return 'done'
    },
  )
  t.equal(result, 'done')
  const [first, last] = readings.controller ?? []
  t.ok(first !== undefined && last !== undefined && last.uptime - first.uptime >= 0.2, 'the first is not taken at once')
  const uses = cpuUsages(readings, [])
  const machine = uses.find(({ kind }) => kind === 'machine')
  t.match(machine, { name: 'controller, other', limit: reading?.cores })
  t.ok(
    machine !== undefined && machine.cores >= 0 && machine.cores <= (reading?.cores ?? 0),
    `${machine?.cores} cores in use`,
  )
})
