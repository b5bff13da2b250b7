import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { openEventLog } from '../../../src/evidence/event-log.ts'
import { readEventLog } from '../../../src/evidence/read-event-log.ts'
import { markRunning } from '../../../src/evidence/in-progress.ts'
import { renewManifest } from '../../../src/evidence/verify.ts'
import { report as reportMain } from '../../../src/cli/report.ts'

/* verify, bundle, list and diff, on runs of a small playbook on this machine. */

const PROJECT = path.resolve(import.meta.dirname, '../../..')
const root = mkdtempSync(path.join(tmpdir(), 'labbook-report-'))
t.teardown(() => {
  rmSync(root, { recursive: true })
})
mkdirSync(path.join(root, 'playbooks'))
writeFileSync(path.join(root, 'package.json'), '{"type":"module","version":"0"}')
writeFileSync(path.join(root, 'inventory.yaml'), 'all: { hosts: { localhost: { ansible_connection: local } } }\n')
mkdirSync(path.join(root, 'playbooks/small'))
writeFileSync(
  path.join(root, 'playbooks/small/playbook.ts'),
  `
  import { experiment } from 'labbook'
  const steps = [
    experiment('Measure', { hosts: 'localhost', disturbs: false, assertions: { 'app.answers': 'The app answers' } }, async (on) => {
      const { answers, ms } = on.hostvars('localhost')
      const shown = await on.exhibit({ title: 'Answer', command: 'echo ' + answers })
      on.finding('app.answers', { holds: answers === 'yes', evidence: [shown], measured: { time: [Number(ms), 'ms'] } })
    }),
  ]
  export default { name: 'small', description: '', steps }
  `,
)
const entry = path.join(root, 'playbooks/small.mjs')
writeFileSync(entry, `import { runEntry } from '${PROJECT}/src/cli/entry.mjs'\nawait runEntry(import.meta.url)\n`)
// "reproduce" runs the entry point, too. The first run bundles.
process.env['XDG_CACHE_HOME'] = path.join(root, 'cache')

function program(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [entry, ...args], { cwd: root, encoding: 'utf8' })
}

/** In this process: what it prints, and its exit code. */
async function report(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' }
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name]
    process[name].write = (text: string | Uint8Array) => {
      printed[name] += String(text)
      return true
    }
    return () => {
      process[name].write = write
    }
  })
  try {
    const status = await reportMain(args, root, 'npx labbook report')
    return { status, ...printed }
  } finally {
    for (const back of restore) back()
  }
}
const latest = path.join(root, 'runs/latest')

const key = path.join(root, 'key')
spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ann', '-f', key])
writeFileSync(path.join(root, 'allowed'), `ann@example.org ${readFileSync(`${key}.pub`, 'utf8')}`)
const common = ['--no-input', '-i', 'inventory.yaml'] as const
t.equal(program(...common, '-e', 'answers=no', '-e', 'ms=20').status, 2)
t.equal(program(...common, '-e', 'answers=yes', '-e', 'ms=12', '-e', 'report_signing_key=key').status, 0)

const [, signed = ''] = readdirSync(path.join(root, 'runs'))
  .filter((name) => name !== 'latest')
  .sort()
/** Later runs move the link. */
function restoreLatest(): void {
  rmSync(latest)
  symlinkSync(signed, latest)
}

t.test('a run verifies as it was written, and is signed', async (t) => {
  const { status, stdout } = await report('verify')
  t.match(stdout, /^intact: \d+ events, 1 findings with their exhibits, \d+ files\nsigned with the ED25519 key SHA256:/)
  t.equal(status, 0)
  t.match(
    (await report('verify', '--allowed-signers', path.join(root, 'allowed'))).stdout,
    'signed by ann@example.org with the ED25519 key',
  )
})

t.test('a bundle verifies like its run', async (t) => {
  t.match(await report('bundle', '-o', path.join(root, 'run.zip')), { status: 0, stdout: /run\.zip\n$/ })
  t.match(await report('verify', path.join(root, 'run.zip')), { status: 0, stdout: /^intact: / })
})

t.test('runs are listed, and compared', async (t) => {
  const { stdout } = await report('list')
  t.match(
    stdout,
    /RUN +PLAYBOOK +STATUS +HOLDS +DOES NOT +INCONCLUSIVE +DURATION\n.*small +failed +0 +1 +0 .*\n.*small +passed +1 +0 +0 /,
  )
  const listed = JSON.parse((await report('list', '--json')).stdout) as { run: string; status: string }[]
  t.same(listed.map(({ status }) => status).sort(), ['failed', 'passed'])
  const [before = '', after = ''] = listed.map(({ run }) => run)
  t.equal(
    (await report('diff', before, after)).stdout,
    [
      'FINDING      BEFORE         AFTER',
      'app.answers  does not hold  holds',
      '',
      'FINDING      MEASURED  BEFORE  AFTER',
      'app.answers  time      20 ms   12 ms',
      '',
    ].join('\n'),
  )
  t.match(JSON.parse((await report('diff', before, after, '--json')).stdout), {
    findings: [{ id: 'app.answers', measured: [{ name: 'time', unit: 'ms', before: [20], after: [12] }] }],
  })
  t.equal((await report('diff', after, after)).stdout, 'no difference\n')
  t.match(await report('diff', after), {
    status: 1,
    stderr: 'diff compares two runs, not 1: npx labbook report diff RUN RUN\n',
  })
})

t.test('a run is repeated with its variables, and its findings compared', async (t) => {
  const own = ['-i', path.join(root, 'inventory.yaml'), '--no-input', '--json'] as const
  const other = await report('reproduce', 'latest', ...own, '-e', 'answers=no')
  t.match(JSON.parse(other.stdout), [
    {
      id: 'app.answers',
      before: 'holds',
      after: 'does not hold',
      result: 'not reproduced',
      measured: [{ before: [12], after: [12] }],
    },
  ])
  t.equal(other.status, 2)
  const fixture = readFileSync(new URL('../../fixtures/vault/ansible.json', import.meta.url), 'utf8')
  const cases = JSON.parse(fixture) as { password: string; id: string | null; plain: string; envelope: string }[]
  const encrypted = cases.find(({ plain, id }) => plain.startsWith('db_password') && id === null)
  const [secrets, password] = [path.join(root, 'secrets.yml'), path.join(root, 'password')]
  writeFileSync(secrets, encrypted?.envelope ?? '')
  writeFileSync(password, encrypted?.password ?? '')
  const vault = ['-e', `@${secrets}`, '--vault-password-file', password]
  t.equal((await report('reproduce', 'latest', ...own, ...vault)).status, 0, 'with an encrypted file')
  t.match(
    (await report('reproduce', 'latest', '--with', 'latest')).stdout,
    [
      'FINDING      RESULT      IN THE RUN     HERE         ',
      'app.answers  reproduced  does not hold  does not hold',
      '  time                   12 ms          12 ms        ',
      '',
      '1 of 1 findings reproduced, 0 not, 0 inconclusive',
    ]
      .map((line) => line.trimEnd())
      .join('\n'),
  )
  for (const { run } of (JSON.parse((await report('list', '--json')).stdout) as { run: string }[]).slice(2))
    rmSync(path.join(root, 'runs', run), { recursive: true })
  restoreLatest()
})

t.test('a run in progress is listed as running, a killed one as interrupted', async (t) => {
  const killed = path.join(root, 'runs/2020-01-01T00-00-00Z-small')
  const mark = path.join(root, 'runs/.running-2020-01-01T00-00-00Z-small')
  mkdirSync(killed)
  const log = readFileSync(path.join(latest, 'events.jsonl'), 'utf8')
  writeFileSync(path.join(killed, 'events.jsonl'), log.slice(0, log.indexOf('\n') + 1))
  const statusOfKilled = async (): Promise<unknown> =>
    (JSON.parse((await report('list', '--json')).stdout) as { status: string }[])[0]?.status
  const ended = markRunning({ name: path.basename(killed), path: killed })
  t.equal(await statusOfKilled(), 'running')
  const running = readFileSync(mark, 'utf8')
  ended()
  t.equal(await statusOfKilled(), 'interrupted')
  // Another process has the ID now.
  writeFileSync(mark, running.replace(/\d+$/, '1'))
  t.equal(await statusOfKilled(), 'interrupted')
  markRunning({ name: 'next', path: path.join(root, 'runs/next') })()
  t.notOk(existsSync(mark), 'the next run removes what a killed one left')
  rmSync(killed, { recursive: true })
})

t.test('the helps name the command that was typed', async (t) => {
  for (const command of ['', 'verify', 'bundle', 'list', 'diff', 'reproduce']) {
    const { stdout } = await report(...(command === '' ? [] : [command]), '--help')
    t.match(stdout, `\nUsage: npx labbook report ${command}`)
    t.notMatch(stdout, 'report.mjs')
  }
})

t.test('a run of "labbook run" is repeated with the file of this project', async (t) => {
  const file = path.join(root, 'playbooks/web.ts')
  writeFileSync(
    file,
    `
    import { experiment, playbook } from 'labbook'
    const name = 'web'
    export default playbook({
      name,
      description: '',
      subcommands: { one: 'the first', two: 'the second' },
      multipleSubcommands: true,
      switches: { twice: { help: 'measure twice as much', sets: 'factor=2' } },
      steps: (words) =>
        (words.length > 0 ? words : ['one']).map((word) =>
          experiment(word, { hosts: 'localhost', disturbs: false, assertions: { [word + '.holds']: 'It holds' } }, (on) => {
            const { answers, factor = 1 } = on.hostvars('localhost')
            const measured = { time: [10 * Number(factor), 'ms'] }
            on.finding(word + '.holds', { holds: answers === 'unknown' ? null : answers === 'yes', evidence: [], measured })
          }),
        ),
    })
    `,
  )
  const before = new Set(readdirSync(path.join(root, 'runs')))
  const typed = [path.join(PROJECT, 'src/cli/labbook.mjs'), 'run', file, 'one', 'two', '--twice', '-e', 'answers=yes']
  const run = spawnSync(process.execPath, [...typed, '--yes'], { cwd: root, encoding: 'utf8' })
  t.equal(run.status, 0, run.stdout + run.stderr)
  const stored = readdirSync(path.join(root, 'runs')).find((name) => !before.has(name) && name !== 'latest') ?? ''
  const own = ['-i', path.join(root, 'inventory.yaml'), '--no-input', '--json'] as const
  const same = await report('reproduce', stored, ...own)
  t.match(JSON.parse(same.stdout), [
    { id: 'one.holds', result: 'reproduced', measured: [{ before: [20], after: [20] }] },
    { id: 'two.holds', result: 'reproduced', measured: [{ before: [20], after: [20] }] },
  ])
  t.match(same.stderr, /^npx labbook run \S*web\.ts one two --twice --extra-vars/)
  t.match(await report('reproduce', stored, ...own, '-e', 'answers=unknown'), {
    status: 3,
    stdout: /"result": "inconclusive"/,
  })
  rmSync(file)
  t.match(await report('reproduce', stored, ...own), { status: 1, stderr: /web\.ts, which this project lacks\n$/ })
  for (const name of readdirSync(path.join(root, 'runs')).filter((each) => /-web(-\d+)?$/.test(each)))
    rmSync(path.join(root, 'runs', name), { recursive: true })
  restoreLatest()
})

t.test('a report that is rendered again stays intact, and loses its signature', async (t) => {
  const { status, stdout } = await report('latest', '--lang', 'ru')
  t.equal(status, 0)
  t.match(stdout, 'the signature of the run was removed, as its files changed. Sign it again: ssh-keygen -Y sign')
  t.notOk(existsSync(path.join(latest, 'manifest.json.sig')))
  t.match(await report('verify'), { status: 0, stdout: /^intact: [^\n]*\nnot signed: / })
})

t.test('a report that says something else than the event log is not intact, even with a new manifest', async (t) => {
  const file = path.join(latest, 'report.md')
  const before = readFileSync(file)
  appendFileSync(file, '\nAll is well.\n')
  t.match(await report('verify'), { status: 2, stdout: /^NOT intact\n {2}report\.md was changed after manifest\.json/ })
  // What somebody who can write all files would do.
  renewManifest(realpathSync(latest))
  t.match(await report('verify'), { status: 2, stdout: /report\.md is not what events\.jsonl renders to/ })
  writeFileSync(file, before)
})

t.test('a killed run is incomplete', async (t) => {
  const log = readFileSync(path.join(latest, 'events.jsonl'), 'utf8').split('\n')
  const killed = path.join(root, 'runs/killed')
  mkdirSync(killed)
  writeFileSync(path.join(killed, 'events.jsonl'), log.slice(0, 3).join('\n'))
  t.match(await report('verify', 'killed'), {
    status: 3,
    stdout: /^incomplete: 2 events, .*\n {2}the last line of events/,
  })
})

t.test('a bundle of a killed run says so', async (t) => {
  const file = path.join(root, 'killed.zip')
  t.match(await report('bundle', 'killed', '-o', file), {
    status: 0,
    stderr: /killed: incomplete: the last line of ev/,
  })
  t.match(await report('verify', file), { status: 3 })
})

t.test('an event log without hashes, and a report of another version, are neither intact nor changed', async (t) => {
  const old = path.join(root, 'runs/old')
  mkdirSync(old)
  const log = readFileSync(path.join(latest, 'events.jsonl'), 'utf8')
  writeFileSync(path.join(old, 'events.jsonl'), log.replaceAll(/,"previous":"[0-9a-f]{64}"\}$/gm, '}'))
  t.match(await report('verify', 'old'), { status: 4, stdout: /^not verifiable\n {2}events\.jsonl has no hashes/ })
  t.match(await report('bundle', 'old', '-o', path.join(root, 'old.zip')), { status: 0, stderr: /not verifiable/ })
  const other = path.join(root, 'runs/other')
  mkdirSync(other)
  const record = openEventLog({ events: path.join(other, 'events.jsonl') })
  for (const event of readEventLog(path.join(latest, 'events.jsonl')))
    record.write(event.type === 'run_start' ? { ...event, version: '9' } : event)
  record.close()
  writeFileSync(path.join(other, 'report.md'), 'Another version wrote this.\n')
  renewManifest(other)
  t.match(await report('verify', 'other'), {
    status: 5,
    stdout: /^files intact, report of another version: .*\n {2}report\.md is not/,
  })
})

t.test('a report of several runs has a manifest, which names the runs', async (t) => {
  const [first = ''] = readdirSync(path.join(root, 'runs'))
    .filter((name) => name.endsWith('-small'))
    .sort()
  t.match(await report(first, 'latest', '--format', 'html,md'), { status: 0 })
  const combined = path.join(root, 'runs/combined')
  t.match(JSON.parse(readFileSync(path.join(combined, 'manifest.json'), 'utf8')), {
    predicate: {
      passedTests: ['app.answers'],
      configuration: [first, signed].map((name) => ({
        name: `${name}/events.jsonl`,
        digest: { sha256: /^[0-9a-f]{64}$/ },
      })),
    },
  })
  t.match(await report('verify', 'combined'), {
    status: 0,
    stdout: /^intact: \d+ files of a report of several runs\n {2}made of /,
  })
  appendFileSync(path.join(combined, 'report.html'), ' ')
  t.match(await report('verify', 'combined'), { status: 2, stdout: /report\.html was changed after manifest\.json/ })
})

t.test('wrong arguments are errors of one line', async (t) => {
  t.match(await report('verify', 'none'), { status: 1, stderr: /^run "none" not found in .*\n$/ })
  t.match(await report('verify', 'none.zip'), { status: 1, stderr: /^cannot read none\.zip: .*\n$/ })
  t.match(program(...common, '-e', 'report_signing_key=/none'), {
    status: 1,
    stderr: /report_signing_key: \/none does not exist: create a key with ssh-keygen, or name another/,
  })
})

t.test('the name of a property of all objects is no subcommand', async (t) => {
  t.match(await report('constructor'), { status: 1, stderr: /^run "constructor" not found in / })
})

t.test('--retry-failed of a run that passed has nothing to do, with --json as an event', async (t) => {
  const retry = (...args: readonly string[]) => program(...common, '--retry-failed', signed, ...args)
  const message = `no host failed in ${signed}: nothing to retry`
  t.match(retry(), { status: 0, stdout: `${message}\n` })
  t.match(JSON.parse(retry('--json').stdout), { type: 'notice', level: 'info', message })
})
