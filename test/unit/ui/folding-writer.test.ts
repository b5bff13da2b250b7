import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import type { RunEvent, TaskResult } from '../../../src/events/events.ts'
import { plainScreen } from '../../../src/ui/plain-screen.ts'
import { recording, result } from '../../support/events.ts'

const OPTIONS = { diff: false, verbosity: 0, colour: false, links: false }

async function lines(events: readonly RunEvent[], given: Partial<typeof OPTIONS> = {}): Promise<string[]> {
  const stream = new PassThrough()
  const screen = plainScreen(stream, { ...OPTIONS, ...given })
  events.forEach(screen.show)
  await screen.close()
  stream.end()
  return (await text(stream)).split('\n').filter((line) => line.includes(' | '))
}

/** A play that copies files to node1, each with one change. */
function copies(names: readonly string[], given: Partial<TaskResult> = {}) {
  const run = recording()
  run.start({ hosts: ['node1', 'node2'] })
  run.play('Images')
  for (const name of names) {
    run.task('Images', `Copy ${name}`, 'node1', 'copy')
    run.result('Images', `Copy ${name}`, 'node1', {
      module: 'copy',
      status: 'changed',
      changes: [{ description: `create /opt/${name}` }],
      ...given,
    })
  }
  return run
}

const APP = ['app/Dockerfile', 'app/counter/web.py', 'app/counter/store.py']

t.test('three consecutive similar results are folded, two are not', async (t) => {
  t.strictSame(await lines(copies(APP).events), ['node1 | changed | Copy app/… (3 files)'])
  t.strictSame(await lines(copies(APP.slice(1)).events), [
    'node1 | changed | Copy app/counter/web.py',
    'node1 |         | - create /opt/app/counter/web.py',
    'node1 | changed | Copy app/counter/store.py',
    'node1 |         | - create /opt/app/counter/store.py',
  ])
  t.strictSame(await lines(copies(APP.slice(1).concat('app/counter/redis.py')).events), [
    'node1 | changed | Copy app/counter/… (3 files)',
  ])
})

t.test('results are not folded with -v, with --diff, and as changes in check mode', async (t) => {
  const copied = (output: readonly string[]) =>
    output.filter((line) => line.startsWith('node1 | changed | Copy app/')).length
  t.equal(copied(await lines(copies(APP).events, { verbosity: 1 })), 3)
  t.equal(copied(await lines(copies(APP).events, { diff: true })), 3)
  const check = copies(APP).events.map((event) => (event.type === 'run_start' ? { ...event, check: true } : event))
  t.equal(copied(await lines(check)), 3)
  const same = copies(APP, { status: 'ok', changes: [] }).events.map((event) =>
    event.type === 'run_start' ? { ...event, check: true } : event,
  )
  t.strictSame(await lines(same), ['node1 | ok      | Copy app/… (3 files)'])
})

t.test('another status, module or verb starts a new group; a verb alone is no common prefix', async (t) => {
  const run = copies(APP)
  run.result('Images', 'Copy app/web.py', 'node1', { module: 'copy' })
  run.result('Images', 'Create /opt/app/a', 'node1', { module: 'file' })
  for (const name of ['a', 'b', 'c', 'd']) run.result('Images', `Create /opt/app/${name}`, 'node1', { module: 'file' })
  for (const name of ['node1', 'node2', 'node3']) run.result('Images', `Start ${name}`, 'node1', { module: 'lab_node' })
  for (const name of ['CA', 'key', 'network']) run.result('Images', `Create the ${name}`, 'node1', { module: 'pki' })
  t.strictSame(await lines(run.events), [
    'node1 | changed | Copy app/… (3 files)',
    'node1 | ok      | Copy app/web.py',
    'node1 | ok      | Create /opt/app/… (5 paths)',
    'node1 | ok      | Start node1',
    'node1 | ok      | Start node2',
    'node1 | ok      | Start node3',
    'node1 | ok      | Create the CA',
    'node1 | ok      | Create the key',
    'node1 | ok      | Create the network',
  ])
})

t.test('folded results are written before another kind of task starts, and at a failure of another host', async (t) => {
  const stream = new PassThrough()
  const screen = plainScreen(stream, OPTIONS)
  const written = (): string => String(stream.read() ?? '')
  const run = copies(APP)
  run.events.forEach(screen.show)
  t.notMatch(written(), 'Copy', 'an open group is not written, since more results may follow')
  const events = recording()
  events.task('Images', 'Copy app/more.py', 'node1', 'copy')
  events.task('Images', 'Build the image', 'node2', 'docker_image')
  events.events.forEach(screen.show)
  t.equal(written(), '', 'a result of the same kind on another host keeps the group open')
  events.task('Images', 'Build the image', 'node1', 'docker_image')
  screen.show(events.events.at(-1) as RunEvent)
  t.equal(written(), 'node1 | changed | Copy app/… (3 files)\n')
  run.events.slice(2).forEach(screen.show)
  screen.show(result({ play: 'Images', task: 'Build', host: 'node2', status: 'failed', message: 'no space left' }))
  t.equal(written(), 'node1 | changed | Copy app/… (3 files)\nnode2 | failed  | Build: no space left\n')
})

t.test('results are not held back for long while a similar task runs', async (t) => {
  const stream = new PassThrough()
  const screen = plainScreen(stream, OPTIONS)
  copies(APP).events.forEach(screen.show)
  stream.read()
  for (let waits = 0; waits < 24 && stream.readableLength === 0; waits++) await sleep(500)
  t.equal(String(stream.read()), 'node1 | changed | Copy app/… (3 files)\n')
})

const anyResult = fc.record({
  host: fc.constantFrom('node1', 'node2'),
  task: fc.constantFrom('Copy app/a', 'Copy app/b', 'Copy app/c/d', 'Create /opt/a', 'Create /opt/b', 'Install Docker'),
  module: fc.constantFrom('copy', 'file'),
  status: fc.constantFrom('ok', 'ok', 'ok', 'changed', 'changed', 'failed', 'skipped', 'unreachable'),
  ignored: fc.boolean(),
} as const)

/** The number of results in a row: one, or the count in a folded row. */
const resultCount = (line: string): number =>
  Number(/… \((\d+) /.exec(line)?.[1] ?? / \((\d+) (?:files|paths|tasks)\)/.exec(line)?.[1] ?? 1)

t.test('folding loses no result, neither folds nor delays failures, and keeps the order per host', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyResult, { maxLength: 40 }), async (generated) => {
      const results = generated.map((fields, i) =>
        result({ ...fields, play: 'p', ...(fields.status === 'failed' ? { message: `reason ${i}` } : {}) }),
      )
      const run = recording()
      run.start({ hosts: ['node1', 'node2'] })
      const output = await lines([...run.events, ...results])
      const rows = output.filter((line) => !/\| {9}\|/.test(line))
      const sum = rows.reduce((all, line) => all + resultCount(line), 0)
      if (sum !== results.length) throw new Error(`${sum} of ${results.length} results:\n${output.join('\n')}`)
      // Unfolded, each host's rows are its results in order.
      for (const host of ['node1', 'node2']) {
        const own = results.filter((each) => each.host === host)
        for (const line of rows.filter((row) => row.startsWith(host))) {
          const [, label, title] = line.split(' | ').map((part) => part.trim()) as [string, string, string]
          for (const each of own.splice(0, resultCount(line))) {
            const isFailure = each.status === 'failed' || each.status === 'unreachable'
            const status = isFailure && each.ignored ? 'ignored' : each.status
            const stem = title.replace(/:? ?…? \(\d+ \w+\)$/, '').replace(/: reason \d+$/, '')
            if (status !== label || !each.task.startsWith(stem))
              throw new Error(`${line} stands for ${each.status} ${each.task}:\n${output.join('\n')}`)
          }
        }
      }
      // A failure keeps its position: after all earlier results, before all later ones.
      for (const [i, { status, message = '' }] of results.entries()) {
        if (status !== 'failed') continue
        const at = rows.findIndex((line) => line.endsWith(`: ${message}`))
        const before = rows.slice(0, at).reduce((all, line) => all + resultCount(line), 0)
        if (at === -1 || before !== i)
          throw new Error(`${message} stands after ${before} results, not ${i}:\n${output.join('\n')}`)
      }
    }),
    { numRuns: 300 },
  )
})
