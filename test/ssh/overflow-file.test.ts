import { execFileSync, spawn } from 'node:child_process'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Exhibit, RunEvent, TaskResult } from '../../src/events/events.ts'
import { startSshd } from '../support/sshd.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MIB = 1024 * 1024
const BYTES = 100_000_000

const sshd = await startSshd()
const folder = mkdtempSync(path.join(tmpdir(), 'labbook-spool-'))
t.teardown(async () => {
  await sshd.stop()
  rmSync(folder, { recursive: true })
})

interface Ran {
  readonly exitCode: number | null
  readonly stderr: string
  readonly peakMiB: number
  readonly run: string
  readonly events: readonly RunEvent[]
  readonly results: readonly TaskResult[]
  readonly files: readonly string[]
}

let runs = 0

/** A complete playbook run in a separate process. `steps`: TypeScript; `prepare` receives the directory of the runs. */
async function runPlaybook(steps: string, prepare: (runsFolder: string) => void = () => undefined): Promise<Ran> {
  const root = path.join(folder, String(++runs))
  mkdirSync(path.join(root, 'runs'), { recursive: true })
  prepare(path.join(root, 'runs'))
  writeFileSync(path.join(root, 'package.json'), '{"type":"module","version":"0"}')
  writeFileSync(path.join(root, 'inventory.yaml'), JSON.stringify({ all: { hosts: { web1: sshd.vars() } } }))
  writeFileSync(
    path.join(root, 'program.ts'),
    `
    import { main } from '${ROOT}src/cli/main.ts'
    import { experiment, play, register, secret, shell } from '${ROOT}src/labbook.ts'
    const x = (bytes) => \`head -c \${bytes} /dev/zero | tr '\\\\0' x\`
    process.on('exit', () => process.stdout.write('\\npeak ' + process.resourceUsage().maxRSS + '\\n'))
    const steps = ${steps}
    process.exitCode = await main({ name: 'spool', description: '', steps }, ['--no-input', '-i', '${root}/inventory.yaml'], '${root}')
  `,
  )
  const child = spawn(process.execPath, ['--import=tsx', path.join(root, 'program.ts')], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const [stdout, stderr] = [[] as Buffer[], [] as Buffer[]]
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const run = path.join(root, 'runs/latest')
  const events = readFileSync(path.join(run, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RunEvent)
  let files: string[] = []
  try {
    files = readdirSync(path.join(run, 'output')).sort()
  } catch {
    // No output was long.
  }
  return {
    exitCode,
    run,
    events,
    files,
    stderr: Buffer.concat(stderr).toString(),
    peakMiB: Number(/peak (\d+)/.exec(Buffer.concat(stdout).toString())?.[1]) / 1024,
    results: events.filter((event) => event.type === 'result'),
  }
}

/** Whether a file has exactly this many bytes of one repeated line. */
async function holds(file: string, unit: string, bytes: number): Promise<boolean> {
  if (statSync(file).size !== bytes) return false
  const lines = Buffer.from(unit.repeat(Math.ceil(MIB / unit.length) + 1))
  let at = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    const from = at % unit.length
    if (!chunk.equals(lines.subarray(from, from + chunk.length))) return false
    at += chunk.length
  }
  return true
}

const printing = (bytes: number): string => `[play('Print', { hosts: 'all' }, () => [
  shell('Without a newline', { cmd: x(${bytes}) }),
  shell('In lines', { cmd: 'yes 0123456789abcde | head -c ${bytes}' }),
  shell('On stderr', { cmd: x(${bytes}) + ' >&2' }),
  shell('Hidden', { cmd: x(${bytes}), no_log: true }),
])]`

t.test('100 MB of output per stream need no more memory than 1 MB and are recorded completely', async (t) => {
  const small = await runPlaybook(printing(1_000_000))
  const large = await runPlaybook(printing(BYTES))
  t.equal(small.exitCode, 0, small.stderr)
  t.equal(large.exitCode, 0, large.stderr)
  t.same(small.files, [], 'output that fits in the event log has no overflow file')
  t.ok(small.results[0]?.commands.at(-1)?.stdout === 'x'.repeat(1_000_000))
  t.comment(`peak of 1 MB: ${small.peakMiB} MiB, of 100 MB: ${large.peakMiB} MiB`)
  t.ok(small.peakMiB > 20)
  // Buffers of the connection that are not collected yet take about 40 MiB, more if the collector runs late;
  // the complete output in memory would take more than 300 MiB.
  t.ok(large.peakMiB - small.peakMiB < 150, `${large.peakMiB - small.peakMiB} MiB more`)

  t.same(
    large.files,
    ['1-web1-Without-a-newline.stdout.txt', '2-web1-In-lines.stdout.txt', '3-web1-On-stderr.stderr.txt'],
    'a task with no_log has no overflow file',
  )
  const [plain, lines, errors] = large.files.map((file) => path.join(large.run, 'output', file)) as [
    string,
    string,
    string,
  ]
  t.ok(await holds(plain, 'x', BYTES))
  t.ok(await holds(lines, '0123456789abcde\n', BYTES))
  t.ok(await holds(errors, 'x', BYTES))

  const [first, , third] = large.results
  t.same(first?.commands.at(-1)?.long, { stdout: { bytes: BYTES, file: `output/${large.files[0]}` } })
  t.same(third?.commands.at(-1)?.long, { stderr: { bytes: BYTES, file: `output/${large.files[2]}` } })
  t.match(
    first?.stdout,
    new RegExp(
      `^x+\\n\\[\\.\\.\\. \\d+ bytes left out; all ${BYTES} are in output/${large.files[0]} \\.\\.\\.\\]\\nx+$`,
    ),
  )
  t.ok((first?.stdout.length ?? 0) <= MIB + 200)
  t.notMatch(JSON.stringify(large.results.at(-1)), 'xx')

  for (const file of ['report.html', 'report.md']) {
    const report = readFileSync(path.join(large.run, file), 'utf8')
    t.match(report, '100,000,000 bytes', file)
    for (const output of large.files) t.match(report, `output/${output}`, `${file} names ${output}`)
    t.ok(report.length < MIB, file)
  }
})

// The first secret is at the end of the head of the truncated output.
t.test('secrets are masked across chunk boundaries, and binary output is unmodified', async (t) => {
  const { exitCode, stderr, run, files, results } = await runPlaybook(`(() => {
    const value = secret('correct-horse-battery')
    return [play('Print', { hosts: 'all' }, () => [
      shell('Secrets', { cmd: \`printf '\\\\377\\\\000\\\\376'; \${x(524275)}; awk -v s=\${value.reveal()} 'BEGIN {
        for (i = 0; i < 1000; i++) f = f "x"
        for (i = 0; i < 6000; i++) printf "%s%s", s, substr(f, 1, 900 + i % 37)
      }'\` }),
    ])]
  })()`)
  t.equal(exitCode, 0, stderr)
  const fillers = Array.from({ length: 6000 }, (_, i) => `[REDACTED]${'x'.repeat(900 + (i % 37))}`)
  const expected = Buffer.concat([
    Buffer.from([0xff, 0, 0xfe]),
    Buffer.from('x'.repeat(524_275)),
    Buffer.from(fillers.join('')),
  ])
  t.ok(readFileSync(path.join(run, 'output', files[0] ?? '')).equals(expected))
  t.notMatch(
    JSON.stringify(results),
    /correct|horse|battery/,
    'no part of a secret remains where the text was truncated',
  )
  t.notMatch(readFileSync(path.join(run, 'report.html'), 'utf8'), /correct|horse|battery/)
})

t.test('plans are limited to 8 MiB of output; a registered long output is marked as truncated', async (t) => {
  const { exitCode, stderr, results } = await runPlaybook(`(() => {
    const [said, cut] = [register('said'), register('cut')]
    return [play('Look', { hosts: 'all' }, () => [
      shell('Fits', { cmd: x(8 * 1024 * 1024), read_only: true, register: said }),
      shell('Length', { cmd: said.map((v) => 'echo got ' + v.stdout.length) }),
      shell('Cut', { cmd: x(3 * 1024 * 1024), register: cut }),
      shell('Says so', { cmd: cut.map((v) => "echo 'got " + /bytes left out[^\\]]*/.exec(v.stdout)[0] + "'") }),
      shell('Too long', { cmd: x(8 * 1024 * 1024 + 1), read_only: true }),
    ])]
  })()`)
  t.equal(exitCode, 2, stderr)
  t.same(
    results.map(({ task, status }) => `${task}: ${status}`),
    ['Fits: ok', 'Length: changed', 'Cut: changed', 'Says so: changed', 'Too long: failed'],
  )
  t.equal(results[1]?.stdout, 'got 8388608')
  t.match(results[3]?.stdout, 'got bytes left out; all 3145728 are in output/2-web1-Cut.stdout.txt')
  t.match(
    results[4]?.message,
    /the probe printed 8388609 bytes on stdout; at most 8388608 can be evaluated; the complete output is in output\/3-web1-Too-long\.stdout\.txt/,
  )
})

t.test('a long exhibit has an overflow file', async (t) => {
  const { exitCode, stderr, events, run, files } =
    await runPlaybook(`[experiment('Look', { hosts: 'all', disturbs: false, assertions: { a: 'It prints' } }, async (on) => {
    on.finding('a', { holds: true, evidence: [await on.exhibit({ title: 'Many', command: x(20000000) })] })
  })]`)
  t.equal(exitCode, 0, stderr)
  const exhibit = events.find((event): event is Exhibit => event.type === 'exhibit')
  t.same(exhibit?.long, { stdout: { bytes: 20_000_000, file: 'output/1-web1-Many.stdout.txt' } })
  t.same(files, ['1-web1-Many.stdout.txt'])
  t.match(readFileSync(path.join(run, 'report.html'), 'utf8'), 'href="output/1-web1-Many.stdout.txt"')
})

t.test('a full disk under the overflow file ends the run with the reason', async (t) => {
  let mounted = ''
  t.teardown(() => {
    if (mounted !== '') execFileSync('umount', [mounted])
  })
  const { exitCode, stderr, events, run, files } = await runPlaybook(
    `[play('Print', { hosts: 'all' }, () => [
    shell('Long', { cmd: 'yes | head -c 30000000; touch ${folder}/came-to-its-end' }),
    shell('Next', { cmd: 'touch ${folder}/next' }),
  ])]`,
    (runsFolder) => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'labbook-spool', runsFolder])
      mounted = runsFolder
    },
  )
  t.equal(exitCode, 1)
  const reason =
    /cannot write the output of "Long" on web1 to .*\/output\/1-web1-Long\.stdout\.txt: no space left on device: remove old runs/
  t.match(stderr, reason)
  t.notMatch(stderr, /bug|at .*\.ts/)
  t.ok(existsSync(path.join(folder, 'came-to-its-end')), 'the running script finishes')
  t.notOk(existsSync(path.join(folder, 'next')), 'no task runs that could not be recorded')
  t.same(files, [], 'the incomplete overflow file is removed')
  t.match(events.at(-1), { type: 'notice', level: 'error', message: reason })
  t.match(readFileSync(path.join(run, 'report.html'), 'utf8'), 'no space left')
  t.notOk(existsSync(path.join(run, 'crash.txt')))
})
