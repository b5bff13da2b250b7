import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import t, { type Test } from 'tap'
import { htpasswd } from '../../../../src/modules/htpasswd/htpasswd.ts'
import { programs, type HtpasswdState } from '../../../../src/modules/htpasswd/program.ts'
import { readAccounts } from '../../../../src/modules/htpasswd/read-accounts.ts'
import { Redactor } from '../../../../src/evidence/redactor.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { converge, shells } from '../../../support/shells.ts'
import { descriptions, planFor } from '../lab/planned.ts'
import { result } from '../../evidence/events.ts'

const { definition } = htpasswd
type Input = z.input<typeof definition.schema>

const at = { path: '/srv/reg/htpasswd', generated: '/srv/reg/passwords.yaml' }
const state = (more: Partial<HtpasswdState>): string =>
  JSON.stringify({
    users: [],
    generate: [],
    extra: [],
    invalidLines: 0,
    files: { path: 'ok', generated: 'ok' },
    ...more,
  } satisfies HtpasswdState)

t.test('htpasswd validates its parameters, with one message each', async (t) => {
  const messages = (params: Partial<Input>): string[] =>
    definition.schema.safeParse({ ...at, ...params }).error?.issues.map(({ message }) => message) ?? []
  const named = (name: string): string[] => messages({ users: [{ name }] })
  const withPassword = (password: string | Secret): string[] => messages({ users: [{ name: 'lab', password }] })
  t.strictSame(named('lab'), [])
  t.strictSame(named(''), ['the user name is empty'])
  t.strictSame(named('a:b'), ['a user name cannot contain a colon'])
  for (const name of ['a\nb', 'a\0', 'a\u009f'])
    t.strictSame(
      named(name),
      ['a user name cannot contain a newline or another control character'],
      JSON.stringify(name),
    )
  for (const name of [' a', 'a '])
    t.strictSame(named(name), ['a user name cannot start or end with a space'], JSON.stringify(name))
  t.strictSame(named('#a'), ['a user name cannot start with #: its line would be a comment'])
  t.strictSame(withPassword(''), ['the password is empty: set one, or omit it to generate one'])
  t.strictSame(withPassword(new Secret('')), ['the password is empty: set one, or omit it to generate one'])
  t.strictSame(withPassword('ü'.repeat(36)), [])
  t.strictSame(withPassword('ü'.repeat(37)), ['the password has 74 bytes in UTF-8: bcrypt allows 72'])
  t.strictSame(withPassword('a\nb'), [
    'the password contains a newline or another control character, which HTTP clients cannot send',
  ])
  t.strictSame(messages({ users: [] }), ['list at least one user, or nobody can log in'])
  t.strictSame(messages({ users: [{ name: 'a' }, { name: 'b' }, { name: 'a', password: 'x' }] }), [
    'duplicate user "a"',
  ])
  t.strictSame(messages({ users: [{ name: 'a' }], generated: at.path }), ['must differ from "path"'])
  for (const cost of [3, 16, 4.5]) t.equal(messages({ users: [{ name: 'a' }], cost }).length, 1, `cost ${cost}`)
  t.ok(
    definition.schema.parse({ ...at, users: [{ name: 'a', password: 'plain' }] }).users[0]?.password instanceof Secret,
  )
})

t.test('htpasswd makes one change per difference, with names and states only', async (t) => {
  const users = ['lab', 'ann', 'bob', 'eve'].map((name) =>
    name === 'eve' ? { name } : { name, password: `pw-${name}` },
  )
  const plan = planFor(
    htpasswd,
    { ...at, users },
    state({
      users: [
        { name: 'lab', state: 'missing' },
        { name: 'ann', state: 'other password' },
        { name: 'bob', state: 'other cost' },
        { name: 'eve', state: 'missing' },
      ],
      generate: ['eve'],
      extra: ['old'],
      invalidLines: 2,
      files: { path: 'open', generated: 'ok' },
    }),
  )
  t.strictSame(descriptions(plan), [
    'add user lab',
    'change password of user ann',
    'rehash the password of user bob at cost 10',
    'add user eve (generated, stored in /srv/reg/passwords.yaml)',
    'remove user old',
    'remove 2 invalid line(s) from /srv/reg/htpasswd',
    'set mode 0600 of /srv/reg/htpasswd',
  ])
  t.strictSame(
    plan.changes.slice(0, 2).map(({ diff }) => diff),
    [
      { subject: at.path, before: '', after: 'lab: ok\n' },
      { subject: at.path, before: 'ann: other password\n', after: 'ann: ok\n' },
    ],
  )
  t.match(plan.changes[0]?.script, /pw-lab/)
  t.notMatch(plan.changes[0]?.script, /pw-ann/, 'a change contains only the passwords it needs')
  const fine = planFor(htpasswd, { ...at, users: users.slice(0, 1) }, state({ users: [{ name: 'lab', state: 'ok' }] }))
  t.strictSame(fine, { changes: [], values: { ...at, users: ['lab'] } })
})

t.test('htpasswd reports the error of its worker', async (t) => {
  const parsed = definition.schema.parse({ ...at, users: [{ name: 'lab' }] })
  t.equal(
    definition.plan(parsed, { stdout: '', stderr: 'warning\nno such luck\n', exitCode: 1 }, {}, {}).problem,
    'no such luck',
  )
})

/** A directory for real workers. */
const directoryOf = (t: Test): string => {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-htpasswd-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true })
  })
  return directory
}

for (const shell of shells) {
  t.test(`${shell.name}: htpasswd adds, changes and removes users`, async (t) => {
    const directory = directoryOf(t)
    const files = { path: `${directory}/a b/htpasswd`, generated: `${directory}/keep/passwords.yaml` }
    const password = `q"u'o\\te$(id) \`x\` ünï`
    const first = converge(shell, htpasswd, { ...files, cost: 4, users: [{ name: 'lab', password }, { name: 'made' }] })
    t.strictSame(descriptions(first.before), [
      'add user lab',
      `add user made (generated, stored in ${files.generated})`,
    ])
    for (const applied of first.applied)
      t.strictSame(applied, { stdout: '{}\n', stderr: '', exitCode: 0 }, JSON.stringify(applied))
    t.strictSame(first.after, { changes: [], values: { ...files, users: ['lab', 'made'] } })
    const before = readFileSync(files.path, 'utf8')
    const second = converge(shell, htpasswd, {
      ...files,
      cost: 4,
      users: [
        { name: 'new', password: 'two' },
        { name: 'lab', password },
      ],
    })
    t.strictSame(descriptions(second.before), ['add user new', 'remove user made'])
    t.strictSame(second.after.changes, [])
    t.match(readFileSync(files.path, 'utf8'), new RegExp(`^lab:.*\nnew:.*\n$`))
    t.equal(readFileSync(files.path, 'utf8').split('\n')[0], before.split('\n')[0])
  })
}

/** Runs a script like a connection does. */
async function start(script: string): Promise<{ code: number | null; output: string }> {
  const child = spawn('sh', [], { stdio: 'pipe' })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
  child.stdin.end(`{\n${script}\n} </dev/null\n`)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, output: Buffer.concat(output).toString() }
}

t.test('htpasswd puts no password into argv, environment or output', async (t) => {
  const directory = directoryOf(t)
  const password = 'hush-hush-given'
  const params = definition.schema.parse({
    path: `${directory}/htpasswd`,
    generated: `${directory}/passwords.yaml`,
    cost: 10,
    users: [{ name: 'lab', password }, { name: 'made' }],
  })
  writeFileSync(params.generated, 'made: hush-hush-kept\n', { mode: 0o600 })
  const look = definition.probe(params, {})
  const { changes } = definition.plan(
    params,
    {
      stdout: state({ users: params.users.map(({ name }) => ({ name, state: 'missing' as const })) }),
      stderr: '',
      exitCode: 0,
    },
    {},
    {},
  )
  let workers = 0
  const found: string[] = []
  for (const script of [look, ...changes.map((change) => change.script), look]) {
    const ended = new AbortController()
    const running = start(script).finally(() => {
      ended.abort()
    })
    while (!ended.signal.aborted) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
        for (const kind of ['cmdline', 'environ']) {
          const text = read(`/proc/${pid}/${kind}`)
          if (kind === 'cmdline' && text.includes('worker.mjs')) workers++
          if (text.includes('hush-hush')) found.push(`${pid} ${kind}`)
        }
      }
      await sleep(3)
    }
    const { code, output } = await running
    t.equal(code, 0, script.slice(0, 60))
    t.notMatch(output, /hush-hush|\$2a/, script.slice(0, 60))
  }
  t.ok(workers > 0, `workers were sampled ${workers} times`)
  t.strictSame(found, [])
})

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

t.test('concurrent htpasswd tasks all finish, and stored passwords match the hashes', async (t) => {
  const directory = directoryOf(t)
  const params = definition.schema.parse({
    path: `${directory}/x/htpasswd`,
    generated: `${directory}/y/passwords.yaml`,
    cost: 10,
    users: [{ name: 'a' }, { name: 'b' }],
  })
  const { changes } = definition.plan(
    params,
    {
      stdout: state({
        users: params.users.map(({ name }) => ({ name, state: 'missing' as const })),
        generate: ['a', 'b'],
      }),
      stderr: '',
      exitCode: 0,
    },
    {},
    {},
  )
  const scripts = changes.map(({ script }) => script)
  // Hashing is slow: without a lock, the slower task would overwrite the other's change.
  const ended = await Promise.all([...scripts, ...scripts.toReversed(), ...scripts].map(start))
  t.strictSame(
    ended.map(({ code, output }) => `${code} ${output}`),
    ended.map(() => '0 {}\n'),
  )
  const look = programs.look({ ...params, users: [{ name: 'a' }, { name: 'b' }] })
  t.strictSame(look.users, [
    { name: 'a', state: 'ok' },
    { name: 'b', state: 'ok' },
  ])
  t.strictSame(
    readdirSync(directory, { recursive: true }).sort(),
    ['x', 'x/htpasswd', 'y', 'y/passwords.yaml'],
    'no lock file remains',
  )
  t.equal(readAccounts(params.users, params.generated).filter(({ password }) => password !== undefined).length, 2)
})

t.test('event logs of htpasswd contain no password, whatever its characters', async (t) => {
  for (const password of [`q"u'o\\te`, `it's`, `"'"'`, `\\'\\"$x\``, `ünï'✓"`, `a/b'<c>&`, `''''`]) {
    const params = definition.schema.parse({ ...at, users: [{ name: 'lab', password: new Secret(password) }] })
    const script = definition.probe(params, {})
    t.match(script, /printf %s '\{.*lab.*password/s, `password ${password}`)
    const masked = JSON.stringify(
      new Redactor().maskEvent(
        result('localhost', 'ok', {
          commands: [{ kind: 'probe', script, stdout: '', stderr: '', exitCode: 0, durationMs: 1 }],
        }),
      ),
    )
    t.match(masked, /\\"password\\":\\"\[REDACTED\]\\"/, password)
  }
})
