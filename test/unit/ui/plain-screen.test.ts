import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { RunEvent } from '../../../src/events/events.ts'
import { wantsColour, wantsLive } from '../../../src/ui/choose-screen.ts'
import { jsonScreen } from '../../../src/ui/json-screen.ts'
import { plainScreen } from '../../../src/ui/plain-screen.ts'
import { brokenRun, checkRun, recording, siteRun, waitingRun } from '../../support/events.ts'

async function lines(
  events: readonly RunEvent[],
  given: Partial<Parameters<typeof plainScreen>[1]> = {},
): Promise<string[]> {
  const stream = new PassThrough()
  const screen = plainScreen(stream, { diff: false, verbosity: 0, colour: false, links: false, ...given })
  events.forEach(screen.show)
  await screen.close({ report: 'runs/latest/report.html' })
  stream.end()
  return (await text(stream)).split('\n')
}

void t.test('each result is a line with host, status and task', async (t) => {
  const output = await lines(siteRun())
  t.strictSame(output.slice(1, 4), [
    'PLAY [Base system] ************************************************************',
    'node1 | ok      | Name the host',
    'node1 | skipped | Kernel settings: when: not on this kernel',
  ])
  t.strictSame(
    output.filter((line) => line.startsWith('node2 | changed')),
    [
      'node2 | changed | Install Docker',
      'node2 | changed | Configure Docker',
      'node2 | changed | restart docker (handler)',
      'node2 | changed | Join the swarm (on node1)',
    ],
  )
  t.ok(output.includes('node1 |         | - install docker.io 26.1.5'))
})

void t.test('experiments show exhibit titles and findings', async (t) => {
  const output = await lines(siteRun())
  const from = output.findIndex((line) => line.startsWith('EXPERIMENT [The app counts] ***'))
  t.strictSame(output.slice(from + 1, from + 7), [
    'controller | exhibit | Read the count',
    'node1 | exhibit | Swarm nodes (exit 1)',
    '✓ app.replicas.answer: 4 distinct replicas answer from outside',
    '✓ app.counter.counts: parallel clients add exactly what they ask for (100 of 100)',
    '? swarm.active.does-not-return: after Active no task comes back by itself (the drain was not seen)',
    '✗ swarm.nodes.ready: all nodes are Ready (2 of 3)',
  ])
})

void t.test('-v shows the command and output of exhibits, and waits', async (t) => {
  const site = await lines(siteRun(), { verbosity: 1 })
  t.strictSame(
    site.filter((line) => line.startsWith('controller |')),
    [
      'controller | exhibit | Read the count',
      'controller |         | $ curl -s http://10.0.0.1:8080/api/counter',
      'controller |         | {"count": 100}',
    ],
  )
  t.ok((await lines(waitingRun(), { verbosity: 1 })).includes('node1 | waiting | for node3 Down, at most 120 s'))
  t.notMatch((await lines(waitingRun())).join('\n'), 'waiting')
})

void t.test(
  'lines have at most 120 characters and failure reasons are complete; with -v nothing is truncated',
  async (t) => {
    const run = recording()
    const long = 'a reason of several words '.repeat(12).trim()
    run.start()
    run.play('Docker Engine')
    run.result('Docker Engine', 'Install Docker', 'node1', {
      status: 'changed',
      changes: [{ description: `install ${'docker.io '.repeat(30)}` }],
    })
    run.result('Docker Engine', 'Install Docker', 'node2', {
      status: 'failed',
      message: long,
      stderr: `E: first line\n${'x'.repeat(300)} end\n`,
    })
    run.exhibit('nodes-1', 'docker node ls', { title: 'Nodes '.repeat(40), exitCode: 7 })
    run.finding('app.replicas.answer', 'so it is', true, long)
    run.notice(long)
    run.notice(long, { host: 'node1' })
    run.end({})
    const output = await lines(run.events)
    t.strictSame(
      output.filter((line) => line.length > 120),
      [],
    )
    const textOf = (lines: readonly string[]): string =>
      lines.map((line) => line.replace(/^\S+ +\| .{7} \| /, '').trim()).join(' ')
    t.equal(textOf(output).split(long).length - 1, 4, 'failure, finding and both log messages are complete')
    t.match(textOf(output), new RegExp(`E: first line ${'x'.repeat(100)}`))
    t.equal((/ end /.exec(textOf(output)) ?? []).length, 1)
    t.ok(output.some((line) => /^controller \| exhibit \| Nodes .*… \(exit 7\)$/.test(line)))
    t.ok(output.some((line) => /^node1 \| {9}\| - install docker.io .*…$/.test(line)))
    const verbose = await lines(run.events, { verbosity: 1 })
    t.ok(verbose.some((line) => line.endsWith(long)))
    t.notMatch(verbose.join('\n'), '…')
  },
)

void t.test('change that only repeats the name of its task is omitted', async (t) => {
  const run = recording()
  run.start()
  run.play('Docker Engine')
  run.result('Docker Engine', 'Start Docker', 'node1', {
    status: 'changed',
    changes: [{ description: 'start docker' }],
  })
  run.result('Docker Engine', 'update-ca-certificates', 'node1', {
    status: 'changed',
    changes: [{ description: 'run: update-ca-certificates' }],
  })
  run.result('Docker Engine', 'Install Docker', 'node1', {
    status: 'changed',
    changes: [{ description: 'install docker.io' }],
  })
  t.strictSame(
    (await lines(run.events)).filter((line) => line.includes(' - ')),
    ['node1 |         | - install docker.io'],
  )
})

void t.test('failures have a reason, and ignored ones are not called failed', async (t) => {
  const output = await lines(brokenRun())
  t.strictSame(output.slice(4, 9), [
    'node2 | failed  | Install Docker: install docker.io: exit code 100',
    'node2 |         | Reading package lists...',
    'node2 |         | E: Unable to locate package docker.io',
    'node3 | unreachable | Install Docker: node3 (10.0.0.3:22) does not answer; is it on, and is the address right?',
    'node1 | ignored | Old packages: exit code 1',
  ])
  t.strictSame(output.slice(-4), [
    '',
    '✗ Failed after 3m 12s: node2 failed; node3 unreachable',
    'report: runs/latest/report.html',
    '',
  ])
})

void t.test('check mode is announced, and unknown tasks are counted', async (t) => {
  const output = await lines(checkRun())
  t.match(output[0], 'CHECK MODE')
  t.ok(output.includes('node1 | unknown | Start Docker: depends on "Install Docker", which has not run yet'))
  t.ok(output.some((line) => /^node1 : .* unknown=1$/.test(line)))
  t.match(output.at(-3), '✓ Checked in 1.2s: 6 tasks would make changes, 3 unknown')
})

void t.test('diffs are shown only with --diff, each line with its host', async (t) => {
  t.ok((await lines(checkRun(), { diff: true })).includes('node3 |         | +  "log-driver": "journald"'))
  t.notOk((await lines(checkRun())).some((line) => line.includes('log-driver')))
})

void t.test('colour is used only if enabled', async (t) => {
  t.notMatch((await lines(siteRun())).join('\n'), '\u001b')
  t.ok((await lines(siteRun(), { colour: true })).includes('node1 | \u001b[32mok     \u001b[39m | Name the host'))
})

void t.test('--json writes only the events', async (t) => {
  const stream = new PassThrough()
  const screen = jsonScreen(stream)
  siteRun().forEach(screen.show)
  await screen.close({ report: 'runs/latest/report.html' })
  stream.end()
  const output = (await text(stream))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  t.strictSame(output, siteRun())
})

void t.test('live screen is used on terminals with cursor control, without -v', async (t) => {
  const terminal = { isTTY: true, env: { TERM: 'xterm' }, verbosity: 0 }
  t.equal(wantsLive(terminal), true)
  t.equal(wantsLive({ ...terminal, isTTY: false }), false)
  t.equal(wantsLive({ ...terminal, env: { TERM: 'dumb' } }), false)
  t.equal(wantsLive({ ...terminal, verbosity: 1 }), false)
})

void t.test('NO_COLOR overrides everything', async (t) => {
  t.equal(wantsColour({ isTTY: true, env: {} }), true)
  t.equal(wantsColour({ isTTY: false, env: {} }), false)
  t.equal(wantsColour({ isTTY: false, env: { FORCE_COLOR: '1' } }), true)
  t.equal(wantsColour({ isTTY: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' } }), false)
  t.equal(wantsColour({ isTTY: true, env: { NO_COLOR: '' } }), true)
})

void t.test('unknown task lists its planned changes', async (t) => {
  const run = recording()
  run.start({ check: true })
  run.play('Docker Engine')
  run.result('Docker Engine', 'Start Docker', 'node1', {
    status: 'unknown',
    message: 'unknown: depends on "Install Docker"',
    changes: [{ description: 'start docker' }],
  })
  t.strictSame((await lines(run.events)).slice(-4, -2), [
    'node1 |         | planned changes:',
    'node1 |         | - start docker',
  ])
})

void t.test('-v shows the output of a running task once', async (t) => {
  const result = siteRun().find((event) => event.type === 'result')
  if (result?.type !== 'result') return
  const { time, host } = result
  const task = { ...result, task: 'Deploy', stdout: 'one\ntwo\n', stderr: '', status: 'changed' as const, changes: [] }
  const output = (lines: readonly string[], of = 'Deploy'): RunEvent => ({
    type: 'output',
    time,
    host,
    task: of,
    stream: 'stdout',
    lines,
  })
  const shown = await lines([output(['one']), output(['\u001b[31mtwo']), task, task], { verbosity: 1 })
  t.strictSame(shown.slice(0, 7), [
    `${host} | running | Deploy`,
    `${host} |         | one`,
    `${host} |         | two`,
    `${host} | changed | Deploy`,
    `${host} | changed | Deploy`,
    `${host} |         | one`,
    `${host} |         | two`,
  ])
})
