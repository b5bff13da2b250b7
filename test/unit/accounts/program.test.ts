import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { programs } from '../../../src/accounts/program.ts'
import { readAccounts } from '../../../src/accounts/read.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-accounts-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const file = path.join(folder, 'htpasswd')
const generated = path.join(folder, 'passwords.yaml')
const fresh = (text?: string, kept?: string): void => {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 })
  if (kept !== undefined) writeFileSync(generated, kept, { mode: 0o600 })
}

interface User {
  readonly name: string
  readonly password?: string
}
const ask = (users: readonly User[], cost = 4) => ({ path: file, generated, cost, users })
const look = (users: readonly User[], cost?: number) => programs.look(ask(users, cost))
/** All that the plan would do. */
const make = (users: readonly User[], cost?: number): object =>
  programs.make({ ...ask(users, cost), remove: look(users, cost).extra })
const states = (users: readonly User[], cost?: number): string[] =>
  look(users, cost).users.map(({ name, state }) => `${name}: ${state}`)
const text = (): string => readFileSync(file, 'utf8')
const hashOf = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(text())?.[1] ?? ''

/** The C library's own bcrypt; it knows no other prefix of these. */
const PYTHON = `import crypt, json, sys, warnings
warnings.simplefilter('ignore')
print(json.dumps([crypt.crypt(p, h.replace('$2a$', '$2b$')) == h.replace('$2a$', '$2b$') for p, h in json.load(sys.stdin)]))`
const verified = (pairs: readonly (readonly [password: string, hash: string])[]): boolean[] =>
  JSON.parse(
    execFileSync('python3', ['-W', 'ignore', '-c', PYTHON], { input: JSON.stringify(pairs), encoding: 'utf8' }),
  ) as boolean[]

t.test(
  'without a cost, a generated password is hashed at 5 and a given one at 10, and both stay as they are',
  async (t) => {
    const request = {
      path: file,
      generated,
      users: [{ name: 'made' }, { name: 'given', password: 'chosen by somebody' }],
    }
    programs.make({ ...request, remove: programs.look(request).extra })
    t.match(readFileSync(file, 'utf8'), /^made:\$2a\$05\$\S+\ngiven:\$2a\$10\$\S+\n$/)
    t.strictSame(
      programs.look(request).users.map(({ state }) => state),
      ['ok', 'ok'],
    )
  },
)

t.test('another implementation verifies the hashes, at the cost asked', async (t) => {
  fresh()
  const users = [
    { name: 'lab', password: `q"u'o\\te$ {x}` },
    { name: 'ünï cödé', password: 'pässwörd✓' },
    { name: 'long', password: 'x'.repeat(72) },
    { name: 'made' },
  ]
  make(users, 5)
  t.match(text(), /^(.+:\$2a\$05\$[./A-Za-z0-9]{53}\n){4}$/)
  const known = readAccounts(users, generated).map(({ name, password }): [string, string] => [
    password?.reveal() ?? '',
    hashOf(name),
  ])
  t.strictSame(verified(known), [true, true, true, true])
  t.strictSame(
    verified([
      ['wrong', hashOf('lab')],
      ['x'.repeat(71), hashOf('long')],
    ]),
    [false, false],
  )
})

t.test('a hash that fits is kept, whoever made it; one that does not is told apart', async (t) => {
  fresh()
  make([{ name: 'lab', password: 'one' }])
  const hash = hashOf('lab')
  for (const prefix of ['$2a', '$2b', '$2y']) {
    writeFileSync(file, `lab:${hash.replace('$2a', prefix)}\n`)
    const before = text()
    t.strictSame(states([{ name: 'lab', password: 'one' }]), ['lab: ok'], prefix)
    t.strictSame(states([{ name: 'lab', password: 'two' }]), ['lab: other password'], prefix)
    t.strictSame(states([{ name: 'lab', password: 'one' }], 5), ['lab: other cost'], prefix)
    t.strictSame(states([{ name: 'lab', password: 'two' }], 5), ['lab: other password'], prefix)
    make([{ name: 'lab', password: 'one' }])
    t.equal(text(), before, 'not made anew')
  }
  writeFileSync(file, `lab:${hash.replace('$04', '$31')}\n`)
  t.strictSame(states([{ name: 'lab', password: 'one' }]), ['lab: other cost'], 'one that would take a day to verify')
  for (const other of [
    'one',
    '$apr1$x$y',
    '{SHA}/gdvM5kPu9HAyjoeAIsUGF4t/fE=',
    '',
    hash.slice(1),
    hash.replace('$04', '$99'),
    `${hash}x`,
  ]) {
    writeFileSync(file, `lab:${other}\n`)
    t.strictSame(states([{ name: 'lab', password: 'one' }]), ['lab: other password'], other)
  }
  writeFileSync(file, `lab:${hash}\nlab:${hash}\n`)
  t.strictSame(states([{ name: 'lab', password: 'one' }]), ['lab: other password'], 'twice')
  make([{ name: 'lab', password: 'one' }])
  t.strictSame([states([{ name: 'lab', password: 'one' }]), text().split('\n').length], [['lab: ok'], 2])
})

t.test('comments and the order stay; lines that are no account go', async (t) => {
  fresh('# ours\nb:x\n\nrubbish\na:y\r\n:z\nold:q\n')
  t.match(
    look([
      { name: 'a', password: '1' },
      { name: 'c', password: '3' },
      { name: 'b', password: '2' },
    ]),
    { strange: 2, extra: ['old'] },
  )
  make([
    { name: 'a', password: '1' },
    { name: 'c', password: '3' },
    { name: 'b', password: '2' },
  ])
  t.match(text(), /^# ours\nb:\$2a.*\n\na:\$2a.*\nc:\$2a.*\n$/)
})

t.test('passwords that nobody gave are made once and kept', async (t) => {
  fresh()
  const users = [{ name: 'no' }, { name: '007' }, { name: 'given', password: 'mine' }]
  t.match(look(users), { generate: ['no', '007'], files: { path: 'missing', generated: 'missing' } })
  t.strictSame(readAccounts(users.slice(0, 1), generated), [{ name: 'no' }], 'none as yet')
  make(users)
  const kept = parse(readFileSync(generated, 'utf8')) as Record<string, string>
  t.strictSame(Object.keys(kept).sort(), ['007', 'no'])
  for (const password of Object.values(kept)) t.match(password, /^[A-Za-z0-9]{24}$/)
  t.match(readFileSync(generated, 'utf8'), /^# /)
  t.strictSame(
    readAccounts(users, generated).map(({ password }) => password?.reveal()),
    [kept.no, kept['007'], 'mine'],
  )
  t.strictSame(`${JSON.stringify(readAccounts(users, generated))}`.includes(kept.no ?? '-'), false, 'as secrets')
  // A line that is taken away: a new password.
  writeFileSync(generated, stringify({ '007': kept['007'] }))
  t.strictSame(states(users), ['no: other password', '007: ok', 'given: ok'])
  make(users)
  t.not((parse(readFileSync(generated, 'utf8')) as Record<string, string>).no, kept.no)
  // A user who goes takes the password along; others in the file stay.
  writeFileSync(generated, `# mine\n\n${stringify({ ...kept, elsewhere: "another file's" })}`)
  make([{ name: '007' }])
  t.equal(
    readFileSync(generated, 'utf8'),
    `# mine\n\n${stringify({ '007': kept['007'], elsewhere: "another file's" })}`,
  )
})

t.test("files are their owner's alone, and replaced as a whole", async (t) => {
  fresh()
  const users = [{ name: 'lab' }]
  make(users)
  const modes = (): string[] => [file, generated].map((each) => (statSync(each).mode & 0o777).toString(8))
  t.strictSame(modes(), ['600', '600'])
  for (const each of [file, generated]) chmodSync(each, 0o644)
  t.strictSame(look(users).files, { path: 'open', generated: 'open' })
  const before = [text(), readFileSync(generated, 'utf8')]
  make(users)
  t.strictSame([modes(), text(), readFileSync(generated, 'utf8')], [['600', '600'], ...before])
  // Who has the old file open, or another name for it, keeps what it was.
  linkSync(file, `${file}.old`)
  make([{ name: 'lab', password: 'other' }])
  t.equal(readFileSync(`${file}.old`, 'utf8'), before[0])
  t.strictSame(readdirSync(folder).sort(), ['htpasswd', 'htpasswd.old', 'passwords.yaml'], 'nothing is left behind')
  // What a writer that was killed left.
  writeFileSync(path.join(folder, '.htpasswd.new'), 'half')
  make([{ name: 'lab', password: 'third' }])
  t.notOk(existsSync(path.join(folder, '.htpasswd.new')))
  // A link stays one.
  fresh()
  symlinkSync('real', file)
  writeFileSync(path.join(folder, 'real'), '')
  make([{ name: 'lab', password: 'third' }])
  t.ok(lstatSync(file).isSymbolicLink())
  t.match(readFileSync(path.join(folder, 'real'), 'utf8'), /^lab:/)
})

t.test('what cannot be read is refused in a sentence that holds nothing of it', async (t) => {
  const kept = (content: string): void => fresh(undefined, content)
  const refused: [string, RegExp][] = [
    ['lab: "hush', /:1: this is not YAML \(MISSING_CHAR\)/],
    ['a: b\nlab: *hush', /:2: the password of lab must be text/],
    ['- hush', /:1: write a line "name: password" for each user/],
    ['hush', /:1: write a line/],
    ['lab: 1234', /:1: the password of lab must be text: put it in quotes/],
    ['lab: [hush]', /:1: the password of lab must be text/],
    ['a: hush\na: hush', /:2: this is not YAML \(DUPLICATE_KEY\)/],
    ['lab: ""', /:1: lab: the password is empty/],
    [`lab: ${'hush'.repeat(19)}`, /:1: lab: the password has 76 bytes/],
  ]
  for (const [content, message] of refused) {
    kept(content)
    t.throws(() => readAccounts([{ name: 'lab' }], generated), { name: 'Refusal', message }, content)
    t.throws(() => look([{ name: 'lab', password: 'x' }]), { message: /^(?!.*hush)/ })
    t.strictSame(
      readAccounts([{ name: 'lab', password: 'x' }], generated)[0]?.name,
      'lab',
      'not read where all passwords are given',
    )
  }
  fresh()
  mkdirSync(file)
  t.throws(() => look([{ name: 'lab', password: 'x' }]), {
    name: 'Refusal',
    message: `${file} is there and is no file: move it away, or choose another path`,
  })
})

/* Random lists of users, before and after. */

const name = fc.constantFrom('a', 'b', 'c', 'ab', 'a.b', 'ünï', '__proto__', 'x y')
const password = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constantFrom('one', 'two', `it's "3" \\ $`) },
)
const users = fc
  .uniqueArray(fc.record({ name, password }), { selector: (user) => user.name, minLength: 1, maxLength: 5 })
  .map((list): User[] => list.map(({ name, password }) => (password === undefined ? { name } : { name, password })))
const cost = fc.constantFrom(4, 4, 4, 5)

t.test('whatever was there, after make all is as asked, and a second one changes nothing', async (t) => {
  let removed = 0
  fc.assert(
    fc.property(users, users, cost, (before, after, cost) => {
      fresh()
      make(before)
      const old = new Map(
        text()
          .trim()
          .split('\n')
          .map((line) => [line.slice(0, line.lastIndexOf(':')), line]),
      )
      const seen = look(after, cost)
      removed += seen.extra.length
      const made = make(after, cost)
      const [first, kept] = [text(), existsSync(generated) ? readFileSync(generated, 'utf8') : '']
      const then = look(after, cost)
      if (then.users.some(({ state }) => state !== 'ok') || then.extra.length > 0 || then.generate.length > 0)
        throw new Error(JSON.stringify(then))
      // Hashes that were in order are the same lines still, and stand in the order they had.
      for (const { name, state } of seen.users) {
        const line = old.get(name)
        if (state === 'ok' && line !== undefined && !first.includes(`${line}\n`))
          throw new Error(`${name} was hashed anew`)
      }
      const names = first
        .trim()
        .split('\n')
        .map((line) => line.slice(0, line.lastIndexOf(':')))
      const stayed = [...old.keys()].filter((each) => names.includes(each))
      if (names.slice(0, stayed.length).join() !== stayed.join()) throw new Error('another order')
      make(after, cost)
      if (text() !== first || kept !== (existsSync(generated) ? readFileSync(generated, 'utf8') : ''))
        throw new Error('a second make changed something')
      const known = readAccounts(after, generated).map((each) => each.password?.reveal() ?? '')
      const said = JSON.stringify([made, seen, then])
      if (known.some((each) => each === '' || said.includes(JSON.stringify(each))) || said.includes('$2a'))
        throw new Error('a password was said')
    }),
    { numRuns: 60 },
  )
  t.ok(removed > 10, `${removed} users were removed`)
})
