import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { htpasswd } from '../../../src/accounts/htpasswd.ts'
import { programs, type Look } from '../../../src/accounts/program.ts'
import { readAccounts } from '../../../src/accounts/read.ts'
import { Redactor } from '../../../src/evidence/redact.ts'
import { Secret } from '../../../src/values/secret.ts'
import { converge, shells } from '../../support/shells.ts'
import { descriptions, planFor } from '../lab/support.ts'
import { result } from '../evidence/events.ts'

const { definition } = htpasswd
type Input = Parameters<typeof definition.schema.parse>[0]

const at = { path: '/srv/reg/htpasswd', generated: '/srv/reg/passwords.yaml' }
const seen = (more: Partial<Look>): string =>
  JSON.stringify({
    users: [],
    generate: [],
    extra: [],
    strange: 0,
    files: { path: 'ok', generated: 'ok' },
    ...more,
  } satisfies Look)

t.test('what is asked is checked, one message each', async (t) => {
  const messages = (params: Partial<Input>): string[] =>
    definition.schema.safeParse({ ...at, ...params }).error?.issues.map(({ message }) => message) ?? []
  const named = (name: string): string[] => messages({ users: [{ name }] })
  const withPassword = (password: string | Secret): string[] => messages({ users: [{ name: 'lab', password }] })
  t.strictSame(named('lab'), [])
  t.strictSame(named(''), ['a user needs a name'])
  t.strictSame(named('a:b'), ['a name cannot contain a colon: it ends the name'])
  for (const name of ['a\nb', 'a\0', 'a\u009f'])
    t.strictSame(named(name), ['a name cannot contain a newline or another control character'])
  for (const name of [' a', 'a ']) t.strictSame(named(name), ['a name cannot begin or end with a space'])
  t.strictSame(named('#a'), ['a name cannot begin with #: its line would be a comment'])
  t.strictSame(withPassword(''), ['the password is empty: give one, or leave it out and one is generated'])
  t.strictSame(withPassword(new Secret('')), ['the password is empty: give one, or leave it out and one is generated'])
  t.strictSame(withPassword('ü'.repeat(36)), [])
  t.strictSame(withPassword('ü'.repeat(37)), [
    'the password has 74 bytes in UTF-8: bcrypt reads 72, choose a shorter one',
  ])
  t.strictSame(withPassword('a\nb'), [
    'the password contains a newline or another control character, which no client can send',
  ])
  t.strictSame(messages({ users: [] }), ['list at least one user: nobody could log in'])
  t.strictSame(messages({ users: [{ name: 'a' }, { name: 'b' }, { name: 'a', password: 'x' }] }), [
    'the user a is listed twice',
  ])
  t.strictSame(messages({ users: [{ name: 'a' }], generated: at.path }), ['the passwords need a file of their own'])
  for (const cost of [3, 16, 4.5]) t.equal(messages({ users: [{ name: 'a' }], cost }).length, 1, `cost ${cost}`)
  t.ok(
    definition.schema.parse({ ...at, users: [{ name: 'a', password: 'plain' }] }).users[0]?.password instanceof Secret,
  )
})

t.test('each difference is a change of its own, with names and states only', async (t) => {
  const users = ['lab', 'ann', 'bob', 'eve'].map((name) =>
    name === 'eve' ? { name } : { name, password: `pw-${name}` },
  )
  const plan = planFor(
    htpasswd,
    { ...at, users },
    seen({
      users: [
        { name: 'lab', state: 'missing' },
        { name: 'ann', state: 'other password' },
        { name: 'bob', state: 'other cost' },
        { name: 'eve', state: 'missing' },
      ],
      generate: ['eve'],
      extra: ['old'],
      strange: 2,
      files: { path: 'open', generated: 'ok' },
    }),
  )
  t.strictSame(descriptions(plan), [
    'add user lab',
    'new password for ann',
    'hash the password of bob again at cost 10',
    'add user eve (generated, kept in /srv/reg/passwords.yaml)',
    'remove user old',
    'remove 2 line(s) that are no account from /srv/reg/htpasswd',
    "make /srv/reg/htpasswd its owner's alone (0600)",
  ])
  t.strictSame(
    plan.changes.slice(0, 2).map(({ diff }) => diff),
    [
      { subject: at.path, before: '', after: 'lab: ok\n' },
      { subject: at.path, before: 'ann: other password\n', after: 'ann: ok\n' },
    ],
  )
  t.match(plan.changes[0]?.script, /pw-lab/)
  t.notMatch(plan.changes[0]?.script, /pw-ann/, 'no more passwords than it takes')
  const fine = planFor(htpasswd, { ...at, users: users.slice(0, 1) }, seen({ users: [{ name: 'lab', state: 'ok' }] }))
  t.strictSame(fine, { changes: [], values: { ...at, users: ['lab'] } })
})

t.test('a worker that refuses says why', async (t) => {
  const parsed = definition.schema.parse({ ...at, users: [{ name: 'lab' }] })
  t.equal(
    definition.plan(parsed, { stdout: '', stderr: 'warning\nno such luck\n', exitCode: 1 }, {}, {}).problem,
    'no such luck',
  )
})

/** What is asked of the controller really runs there, in a process of its own. */
const folderOf = (t: Test): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-htpasswd-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

for (const shell of shells) {
  t.test(`${shell.name}: users come, change and go`, async (t) => {
    const folder = folderOf(t)
    const files = { path: `${folder}/a b/htpasswd`, generated: `${folder}/keep/passwords.yaml` }
    const password = `q"u'o\\te$(id) \`x\` ünï`
    const first = converge(shell, htpasswd, { ...files, cost: 4, users: [{ name: 'lab', password }, { name: 'made' }] })
    t.strictSame(descriptions(first.before), ['add user lab', `add user made (generated, kept in ${files.generated})`])
    for (const applied of first.applied) t.strictSame(applied, { stdout: '{}\n', stderr: '', exitCode: 0 })
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

/** Runs a script as a connection does, without waiting. */
async function start(script: string): Promise<{ code: number | null; said: string }> {
  const child = spawn('sh', [], { stdio: 'pipe' })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk))
  child.stdin.end(`{\n${script}\n} </dev/null\n`)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, said: Buffer.concat(said).toString() }
}

t.test('no password is in an argv, an environment or an output while it works', async (t) => {
  const folder = folderOf(t)
  const given = 'hush-hush-given'
  const params = definition.schema.parse({
    path: `${folder}/htpasswd`,
    generated: `${folder}/passwords.yaml`,
    cost: 10,
    users: [{ name: 'lab', password: given }, { name: 'made' }],
  })
  writeFileSync(params.generated, 'made: hush-hush-kept\n', { mode: 0o600 })
  const look = definition.probe(params, {})
  const { changes } = definition.plan(
    params,
    {
      stdout: seen({ users: params.users.map(({ name }) => ({ name, state: 'missing' as const })) }),
      stderr: '',
      exitCode: 0,
    },
    {},
    {},
  )
  let workers = 0
  const found: string[] = []
  for (const script of [look, ...changes.map((change) => change.script), look]) {
    let over = false
    const running = start(script).finally(() => {
      over = true
    })
    while (!over) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
        for (const kind of ['cmdline', 'environ']) {
          const text = read(`/proc/${pid}/${kind}`)
          if (kind === 'cmdline' && text.includes('worker.mjs')) workers++
          if (text.includes('hush-hush')) found.push(`${pid} ${kind}`)
        }
      }
      await sleep(3)
    }
    const { code, said } = await running
    t.equal(code, 0)
    t.notMatch(said, /hush-hush|\$2a/)
  }
  t.ok(workers > 0, `a worker was seen ${workers} times`)
  t.strictSame(found, [])
})

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

t.test('several at once: each finishes, and the passwords that are kept are the ones that are hashed', async (t) => {
  const folder = folderOf(t)
  const params = definition.schema.parse({
    path: `${folder}/x/htpasswd`,
    generated: `${folder}/y/passwords.yaml`,
    cost: 10,
    users: [{ name: 'a' }, { name: 'b' }],
  })
  const { changes } = definition.plan(
    params,
    {
      stdout: seen({
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
  // Such a hash takes a while: without a lock, who is slower would write the other's away.
  const ended = await Promise.all([...scripts, ...scripts.toReversed(), ...scripts].map(start))
  t.strictSame(
    ended.map(({ code, said }) => `${code} ${said}`),
    ended.map(() => '0 {}\n'),
  )
  const look = programs.look({ ...params, users: [{ name: 'a' }, { name: 'b' }] })
  t.strictSame(look.users, [
    { name: 'a', state: 'ok' },
    { name: 'b', state: 'ok' },
  ])
  t.strictSame(
    readdirSync(folder, { recursive: true }).sort(),
    ['x', 'x/htpasswd', 'y', 'y/passwords.yaml'],
    'no lock is left',
  )
  t.equal(readAccounts(params.users, params.generated).filter(({ password }) => password !== undefined).length, 2)
})

t.test('records hold no password, whatever is in it', async (t) => {
  for (const password of [`q"u'o\\te`, `it's`, `"'"'`, `\\'\\"$x\``, `ünï'✓"`, `a/b'<c>&`, `''''`]) {
    const params = definition.schema.parse({ ...at, users: [{ name: 'lab', password: new Secret(password) }] })
    const script = definition.probe(params, {})
    t.match(script, /printf %s '\{.*lab.*password/s)
    const masked = JSON.stringify(
      new Redactor().event(
        result('localhost', 'ok', {
          commands: [{ kind: 'probe', script, stdout: '', stderr: '', exitCode: 0, durationMs: 1 }],
        }),
      ),
    )
    t.match(masked, /\\"password\\":\\"\[REDACTED\]\\"/, password)
  }
})
