import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { countLines, countConfigLines } from '../../../../playbooks/k3s/comparison/config-lines.ts'
import { CONCEPTS, ROWS, SET_UP, VERDICTS } from '../../../../playbooks/k3s/comparison/rows.ts'
import { setUpTime, storedRuns } from '../../../../playbooks/k3s/comparison/runs.ts'
import { conceptTable as conceptsOf, measuredTable as tableOfRuns } from '../../../../playbooks/k3s/comparison/table.ts'
import { parseUsage, usageScript } from '../../../../playbooks/k3s/comparison/usage.ts'
import { comparison, measureK3s, measureSwarm } from '../../../../playbooks/k3s/comparison/index.ts'
import k3s from '../../../../playbooks/k3s/playbook.ts'
import { COUNTER_CPUS } from '../../../../playbooks/app/stack.ts'
import { K3S_EXPERIMENTS } from '../../../../playbooks/k3s/experiments/index.ts'
import { kubernetesProof } from '../../../../playbooks/k3s/proof.ts'
import { appProof } from '../../../../playbooks/app/proof.ts'
import { EXPERIMENTS } from '../../../../playbooks/swarm/experiments/index.ts'
import { messageText } from '../../../../src/labbook.ts'
import { runIn, shells } from '../../../support/shells.ts'

/** In English. */
const conceptTable = (...of: Parameters<typeof conceptsOf>): string => messageText(conceptsOf(...of))
const measuredTable = (...of: Parameters<typeof tableOfRuns>) => {
  const { text, ...table } = tableOfRuns(...of)
  return { ...table, text: messageText(text) }
}

const finding = (id: string, name: string, values: number[], detail = '') => ({
  id,
  statement: id,
  holds: true,
  evidence: [],
  detail,
  measured: [{ name, unit: 's', values }],
})

/** A directory with records of runs. */
function runsOf(t: { teardown(handler: () => void): void }, runs: Record<string, object>): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-runs-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  for (const [name, summary] of Object.entries(runs)) {
    mkdirSync(path.join(directory, name))
    writeFileSync(
      path.join(directory, name, 'summary.json'),
      JSON.stringify({ check: false, findings: [], hosts: { node1: {}, localhost: {} }, startedAt: name, ...summary }),
    )
  }
  return directory
}

t.test('every compared row has an existing finding', async (t) => {
  const known = new Set(
    [
      ...Object.values(EXPERIMENTS),
      ...Object.values(K3S_EXPERIMENTS),
      measureSwarm,
      measureK3s,
      appProof,
      kubernetesProof,
    ].flatMap(({ assertions: proves, questions: asks }) => [...Object.keys(proves), ...Object.keys(asks ?? {})]),
  )
  const named = [
    ...ROWS.flatMap(({ swarm, k3s }) => [swarm?.[0], k3s?.[0]]),
    ...VERDICTS.flatMap(({ swarm, k3s }) => [swarm, k3s].flatMap((side) => ('finding' in side ? [side.finding] : []))),
    ...CONCEPTS.flatMap(({ shownBy }) => [...shownBy.swarm, ...shownBy.k3s]),
  ].filter((id) => id !== undefined)
  t.strictSame(
    [...new Set(named)].filter((id) => !known.has(id)),
    [],
  )
  const shown = (concept: string): readonly string[] =>
    CONCEPTS.find((each) => each.concept === concept)?.shownBy.k3s ?? []
  t.ok(
    shown('Network').includes('k3s.network.policy') && shown('Configuration and secrets').includes('k3s.config.given'),
    'each row has its own finding',
  )
  t.ok(
    CONCEPTS.every(({ shownBy }) => shownBy.swarm.length > 0 && shownBy.k3s.length > 0),
    'each concept has exhibits of both',
  )
  t.match(comparison.questions, { 'compare.complete': String })
})

t.test('measuredTable() uses the newest run of each value, and names missing values', async (t) => {
  const directory = runsOf(t, {
    'older-swarm': { startedAt: '2026-01-01', findings: [finding('swarm.drain.evacuates', 'time to empty', [99])] },
    'newer-swarm': {
      startedAt: '2026-01-02',
      findings: [finding('swarm.drain.evacuates', 'time to empty', [17.2, 15, 20])],
    },
    'dry-run': {
      startedAt: '2026-01-03',
      check: true,
      findings: [finding('swarm.drain.evacuates', 'time to empty', [1])],
    },
    'a-k3s': { startedAt: '2026-01-02', findings: [finding('k3s.drain.evacuates', 'time to empty', [3])] },
  })
  writeFileSync(path.join(directory, 'a-file'), '')
  mkdirSync(path.join(directory, 'killed'))
  const { text, csv, measured, rows } = measuredTable(storedRuns(directory), { swarm: 100, k3s: 200 })
  t.match(text, /Drain a node +17\.2 s \(15\.0 to 20\.0, 3 times\) \[1\] +3\.0 s \[2\]/)
  t.match(text, /Rolling update +inconclusive +inconclusive/)
  t.match(text, /Set up, with the proven app +inconclusive +inconclusive/)
  t.match(text, /Autoscaling +none +inconclusive/)
  t.match(text, /Lines of configuration +100 +200/)
  t.match(text, /\[1\] newer-swarm, node1/)
  t.notMatch(text, /older-swarm|dry-run|warning/)
  t.equal(measured, 1)
  t.equal(rows, ROWS.length + 1)
  t.match(csv, /Drain a node,k3s,s,3,k3s\.drain\.evacuates,a-k3s/)
})

t.test('measuredTable() has the reason of each inconclusive value that a run could not measure', async (t) => {
  const inconclusive = (id: string, detail: string) => ({ id, statement: id, holds: null, evidence: [], detail })
  const directory = runsOf(t, {
    'a-run': {
      findings: [
        inconclusive('k3s.hpa.scales-out', 'metrics-server is disabled (k3s_disable)'),
        inconclusive('k3s.ingress.answers', 'traefik is disabled (k3s_disable)'),
        { ...inconclusive('k3s.drain.evacuates', 'pods did not become ready'), holds: false },
        inconclusive('swarm.drain.evacuates', 'not shown, as it has the value'),
      ],
    },
    older: { findings: [finding('swarm.drain.evacuates', 'time to empty', [3])] },
  })
  const { text, explained } = measuredTable(storedRuns(directory), { swarm: 1, k3s: 1 })
  t.match(text, /^k3s\.hpa\.scales-out is inconclusive: metrics-server is disabled \(k3s_disable\)$/m)
  t.match(text, /^k3s\.ingress\.answers is inconclusive: traefik is disabled \(k3s_disable\)$/m)
  t.match(text, /^k3s\.drain\.evacuates does not hold: pods did not become ready$/m)
  t.match(text, /^no run set up the Swarm from nothing$/m)
  t.match(text, /^no run set up k3s from nothing$/m)
  t.equal(explained, false, 'no run has the other findings')
  t.equal(text.match(/scales-out is inconclusive/g)?.length, 1, 'once for each finding')
})

t.test('a run that has not ended yet is compared by its event log', async (t) => {
  const directory = runsOf(t, {})
  // The inventory has a single server.
  const recorded = SET_UP.k3s.plays.filter((play) => play !== 'Install other k3s servers')
  const events = (name: string, status: string, more: readonly object[] = []): void => {
    const time = `2026-01-0${name.length}T00:00:00.000Z`
    mkdirSync(path.join(directory, name))
    writeFileSync(
      path.join(directory, name, 'events.jsonl'),
      [
        { type: 'run_start', playbook: 'k3s', hosts: ['node1'], check: false },
        ...recorded.flatMap((play) => [
          { type: 'play_start', play, kind: 'play', hosts: ['node1'] },
          ...(play === 'Install first k3s server'
            ? [{ type: 'result', play, host: 'node1', task: 'Install k3s server', status, ignored: false }]
            : []),
          { type: 'play_end', play, durationMs: 2000 },
        ]),
        ...more,
      ]
        .map((event) => `${JSON.stringify({ time, ...event })}\n`)
        .join(''),
    )
  }
  events('a', 'changed')
  events('bb', 'ok', [
    { type: 'finding', ...finding('k3s.drain.evacuates', 'time to empty', [3]) },
    { type: 'finding', ...finding('k3s.hpa.scales-out', 'time to the first pod more', [21]) },
  ])
  const runs = storedRuns(directory)
  t.match(setUpTime(runs, SET_UP.k3s), { values: [2 * recorded.length], run: 'a' }, 'the run that installed it')
  t.equal(setUpTime(runs, SET_UP.swarm), undefined)
  const { text } = measuredTable(runs, { swarm: 1, k3s: 1 })
  t.match(text, /Drain a node +inconclusive +3\.0 s \[\d\]/)
  t.match(text, /Autoscaling +none +adds pods under load/)
  t.match(text, /Storage +local volume.* +inconclusive/)
})

t.test('k3s.mjs compare --measure runs both sides, the Swarm first', async (t) => {
  const names = (vars: Record<string, unknown>): string[] => {
    const { steps } = k3s
    return (typeof steps === 'function' ? steps(['compare'], vars) : steps).map(({ name }) => name)
  }
  t.strictSame(names({}), [comparison.name])
  const all = names({ k3s_compare_measure: true })
  const order = [measureSwarm.name, 'Run k3s preflight checks', measureK3s.name, comparison.name]
  t.strictSame(
    all.filter((name) => order.includes(name)),
    order,
  )
  t.equal(k3s.switches?.measure?.sets, 'k3s_compare_measure=true')
})

t.test('a replica has the same limits on both sides', async (t) => {
  const limits = (file: string): [string, string] => {
    const [, cpu = '', memory = ''] =
      /limits: *\{ *cpus?: *(\S+?), *memory: *(\d+)M/.exec(
        readFileSync(`templates/${file}`, 'utf8').replace("'{{ '%.2f' % counter_cpus }}'", String(COUNTER_CPUS)),
      ) ?? []
    return [cpu.endsWith('m') ? String(Number(cpu.slice(0, -1)) / 1000) : cpu, memory]
  }
  t.strictSame(limits('stack/counter.yml'), limits('k3s/counter.yaml'))
})

t.test('different machines and images give warnings', async (t) => {
  const image = (digit: string): string => `image 10.0.0.1:5000/labbook/counter@sha256:${digit.repeat(64)}; more`
  const directory = runsOf(t, {
    one: { findings: [finding('compare.swarm', 'from no replica to 4 that answer', [5], image('a'))] },
    two: {
      hosts: { other: {} },
      findings: [finding('compare.k3s', 'from no replica to 4 that answer', [6], image('b'))],
    },
  })
  t.match(
    measuredTable(storedRuns(directory), { swarm: 1, k3s: 1 }).text,
    /warning: runs used different machines[^]*warning: the app's image is sha256:a{64} on the Swarm, but sha256:b{64} on k3s/,
  )
})

t.test('conceptTable() links concepts to findings', async (t) => {
  const directory = runsOf(t, { 'a-run': { findings: [finding('swarm.health.replaces', 'x', [1])] } })
  t.match(
    conceptTable(storedRuns(directory)),
    /Health\n +Swarm +one health check[^]*swarm\.health\.replaces: holds, runs\/a-run\/report\.html#finding-swarm\.health\.replaces\n +k3s [^]*k3s\.pods\.ready: not in any stored run/,
  )
  t.strictSame(storedRuns('/nonexistent'), [])
})

t.test('countLines() counts the lines of the templates', async (t) => {
  t.equal(countConfigLines('# a\n\na: 1 # b\n{% if x %}\n  - c\n{% endif %}\n---\n'), 2)
  const { swarm, k3s } = countLines()
  t.ok(swarm > 50 && k3s > 100, `${swarm} and ${k3s}`)
})

t.test('usageScript() selects processes by unit', async (t) => {
  const own = runIn(shells[0], 'cat /proc/self/cgroup').stdout
  for (const shell of shells)
    t.equal(runIn(shell, usageScript(['no-such.service'])).stdout.split(' ')[0], '0', shell.name)
  t.strictSame(parseUsage('0 0 0 100 5'), undefined)
  t.match(parseUsage('2 2048 50 100 12.5'), { processes: 2, megabytes: 2, cpuSeconds: 0.5, at: 12.5 })
  const unit = /\/([^/\n]+\.(?:service|scope))$/m.exec(own)?.[1]
  if (unit === undefined) t.comment(`this process belongs to no unit: ${own.trim().split('\n')[0]}`)
  else t.ok(Number(runIn(shells[0], usageScript([unit])).stdout.split(' ')[0]) > 0)
})
