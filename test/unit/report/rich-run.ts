import type { LinesChart, TimelineChart } from '../../../src/events/chart.ts'
import type { RunEvent } from '../../../src/events/events.ts'
import { exhibit, result, runStart } from '../evidence/events.ts'

const time = '2026-11-21T04:30:00.000Z'

/** Hostile output of a host. */
export const HOSTILE =
  '<script>alert(1)</script><img src=x onerror=alert(2)> \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202egnp.exe ]]> {{ 7 * 7 }} "quoted" & \x00'

/** Throughput against load, with a confidence band, a fit, single measurements and a limit. */
export const capacity: LinesChart = {
  kind: 'lines',
  title: 'Throughput against load',
  x: { label: 'connections', scale: 'log' },
  y: { label: 'requests/s' },
  series: [
    {
      name: '1 replica',
      points: [
        [1, 90],
        [2, 170],
        [4, 290],
        [8, 310],
      ],
      band: [
        [1, 80, 100],
        [2, 160, 185],
        [4, 270, 300],
        [8, 290, 330],
      ],
    },
    {
      name: '4 replicas',
      points: [
        [1, 92],
        [2, 180],
        [4, 350],
        [8, 620],
      ],
      band: [
        [1, 85, 99],
        [2, 170, 190],
        [4, 330, 365],
        [8, 600, 650],
      ],
    },
    {
      name: 'fit',
      points: [
        [1, 95],
        [8, 600],
      ],
      drawn: 'line',
    },
    {
      name: 'single trials',
      points: [
        [4, 280],
        [4, 295],
        [0, 12],
      ],
      drawn: 'dots',
    },
    {
      name: HOSTILE,
      points: [
        [2, 50],
        [8, 40],
      ],
    },
  ],
  marks: [
    { axis: 'y', at: 700, label: 'limit of the generator' },
    { axis: 'x', at: 4, label: HOSTILE },
  ],
}

/** Tasks on nodes while one of them is killed. */
export const placement: TimelineChart = {
  kind: 'timeline',
  title: 'Which node ran which task',
  seconds: 60,
  lanes: ['node1', 'node2', `node3 ${HOSTILE}`],
  bars: [
    { lane: 'node1', name: 'counter.1', from: 0, to: 60, state: 'running' },
    { lane: 'node2', name: 'counter.2', from: 0, to: 20, state: 'running' },
    { lane: 'node2', name: 'counter.3', from: 0, to: 20.5, state: 'failed' },
    { lane: 'node1', name: 'counter.2', from: 24, to: 26, state: 'starting' },
    { lane: 'node1', name: 'counter.2', from: 26, to: 60, state: 'running' },
    { lane: `node3 ${HOSTILE}`, name: HOSTILE, from: 25, to: 60, state: 'running' },
  ],
  events: [
    { at: 20, label: 'node2 is killed' },
    { at: 36.4, label: HOSTILE },
  ],
  requests: Array.from({ length: 60 }, (_, at) => ({
    at,
    ok: at === 21 ? 2 : 10,
    failed: at >= 20 && at < 23 ? 8 : 0,
  })),
}

const table = ['NAME        STATE', ...Array.from({ length: 1000 }, (_, i) => `task-${i}      Running`)].join('\n')
const fact = 'os_id debian\nos_version 12\nuname 6.1.0 x86_64\ncpus 2\nMemTotal: 4038000\n'

/** A run with everything that a report can show, some of it hostile. */
export function* richRun(): Generator<RunEvent> {
  yield runStart(['node1', 'node2'], {
    argv: ['npx', 'zx', 'playbooks/site.mjs', '-e', "report_author='Ann <Lee>' report_course=Systems", '--yes'],
    about: { author: 'Ann <Lee>', course: 'Systems' },
    questions: [
      {
        text: {
          en: 'Does capacity change with the number of replicas? <b>',
          ru: 'Зависит ли производительность от числа реплик?',
        },
        answeredBy: ['load.capacity.'],
        section: { en: 'Load test <i>', ru: 'Нагрузка' },
        pictures: ['capacity-'],
        keyResults: [{ label: { en: 'times as much' }, finding: 'load.capacity.grows', metric: 'ratio' }],
        references: [
          { title: 'Scaling <u>', url: 'https://example.org/scaling' },
          { title: 'Hostile', url: 'javascript:alert(1)' },
        ],
      },
      {
        text: { en: 'Do replicas come back?' },
        answeredBy: ['swarm.active.'],
        section: { en: 'Orchestration' },
        negated: true,
      },
      {
        text: { en: 'Does the service survive?' },
        answeredBy: ['swarm.node-'],
        section: { en: 'Orchestration' },
      },
      {
        text: { en: 'What does depends_on do?' },
        answeredBy: ['swarm.depends-on.'],
        section: { en: 'Stack' },
      },
    ],
  })
  yield { type: 'play_start', time, play: 'Docker', hosts: ['node1', 'node2'], kind: 'play' }
  for (const host of ['node1', 'node2']) {
    yield result(host, 'ok', {
      task: 'Gather facts',
      module: 'setup',
      commands: [{ kind: 'probe', script: 'facts', stdout: fact, stderr: '', exitCode: 0, durationMs: 2 }],
    })
    yield result(host, 'changed', {
      task: `Write a file ${HOSTILE}`,
      changes: [
        {
          description: `update ${HOSTILE}`,
          diff: { subject: '/etc/x', before: 'a\n', after: `${HOSTILE}\n${'long '.repeat(500)}\n` },
        },
      ],
      commands: [
        {
          kind: 'change',
          script: `cat >/etc/x <<'E'\n${HOSTILE}\nE`,
          stdout: `${'x'.repeat(5000)}\n${HOSTILE}`,
          stderr: HOSTILE,
          exitCode: 0,
          durationMs: 5,
        },
      ],
    })
  }
  yield result('node2', 'failed', {
    task: 'Break',
    message: `it broke: ${HOSTILE}`,
    commands: [{ kind: 'change', script: 'false', stdout: '', stderr: 'no', exitCode: 1, durationMs: 1 }],
  })
  yield result('node2', 'skipped', { task: 'Left out', message: 'when: not here' })
  yield { type: 'play_end', time, play: 'Docker', durationMs: 900 }
  yield { type: 'play_start', time, play: 'Load', hosts: ['node1'], kind: 'experiment' }
  yield exhibit({
    id: 'capacity-1',
    title: 'Throughput',
    host: 'controller',
    command: 'load',
    stdout: `connections requests/s\n${HOSTILE}`,
    chart: capacity,
    data: [
      { name: 'requests.csv', text: 'at,ok\n0,10\n' },
      { name: '../../etc/passwd', text: 'x\n' },
      { name: HOSTILE, text: 'y\n' },
    ],
  })
  yield exhibit({
    id: 'placement-1',
    title: 'Placement',
    host: 'controller',
    command: 'docker service ps',
    stdout: 'none',
    chart: placement,
  })
  yield exhibit({
    id: 'nodes-1',
    title: `Nodes ${HOSTILE}`,
    stdout: `HOSTNAME   STATUS    ENGINE VERSION\nnode1      Ready     20.10.24\nnode2      Ready     20.10.24\n`,
  })
  yield exhibit({ id: 'table-1', title: 'A long table', stdout: table })
  yield exhibit({
    id: 'wide-1',
    title: 'A long line',
    stdout: `${'w'.repeat(20_000)} \x1b[1;32mgreen\x1b[0m ${HOSTILE}`,
  })
  yield {
    type: 'finding',
    time,
    id: 'load.capacity.grows',
    experiment: 'Load',
    statement: 'Four replicas serve more than one',
    holds: true,
    evidence: ['capacity-1'],
    detail: `620 against 310 requests/s ${HOSTILE}`,
    times: { held: 5, failed: 0, unknown: 0 },
    measured: [{ name: 'ratio', unit: '', values: [1.9, 2, 2.1] }],
  }
  yield {
    type: 'finding',
    time,
    id: 'swarm.active.does-not-return',
    experiment: 'Load',
    statement: 'Replicas do not come back by themselves',
    holds: true,
    evidence: ['nodes-1', 'gone-1'],
  }
  yield {
    type: 'finding',
    time,
    id: 'swarm.node-killed.recovers',
    experiment: 'Load',
    statement: `Replicas run elsewhere ${HOSTILE}`,
    holds: false,
    evidence: ['placement-1', 'nodes-1'],
    times: { held: 3, failed: 1, unknown: 1 },
    measured: [{ name: 'time to Down', unit: 's', values: [8.1, 9.5, 7.7, 12.25] }],
  }
  yield {
    type: 'finding',
    time,
    id: 'other.thing',
    experiment: 'Load',
    statement: 'Something that answers no question',
    holds: null,
    evidence: [],
    detail: 'no IPVS',
  }
  yield {
    type: 'finding',
    time,
    id: 'load.users.100',
    experiment: 'Load',
    statement: 'Did 100 users see a difference?',
    holds: false,
    question: true,
    evidence: ['capacity-1'],
  }
  yield { type: 'play_end', time, play: 'Load', durationMs: 61_000 }
  yield { type: 'notice', time, level: 'warning', host: 'node2', message: HOSTILE }
  const recap = { ok: 1, changed: 1, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0, unknown: 0 }
  yield {
    type: 'run_end',
    time,
    status: 'failed',
    exitCode: 2,
    hosts: { node1: recap, node2: { ...recap, failed: 1, skipped: 1 } },
    durationMs: 62_000,
  }
}

export const journalOf = (events: Iterable<RunEvent>): string =>
  [...events].map((event) => `${JSON.stringify(event)}\n`).join('')
