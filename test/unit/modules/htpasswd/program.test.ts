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
import { programs } from '../../../../src/modules/htpasswd/program.ts'
import { readAccounts } from '../../../../src/modules/htpasswd/read-accounts.ts'
import { runs } from '../../../support/seed.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'labbook-accounts-'))
t.teardown(() => {
  rmSync(directory, { recursive: true })
})
const file = path.join(directory, 'htpasswd')
const generated = path.join(directory, 'passwords.yaml')
const reset = (text?: string, passwords?: string): void => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 })
  if (passwords !== undefined) writeFileSync(generated, passwords, { mode: 0o600 })
}

interface User {
  readonly name: string
  readonly password?: string
}
const ask = (users: readonly User[], cost = 4) => ({ path: file, generated, cost, users })
const look = (users: readonly User[], cost?: number) => programs.look(ask(users, cost))
/** Applies all changes of a plan. */
const make = (users: readonly User[], cost?: number): object =>
  programs.make({ ...ask(users, cost), remove: look(users, cost).extra })
const states = (users: readonly User[], cost?: number): string[] =>
  look(users, cost).users.map(({ name, state }) => `${name}: ${state}`)
const text = (): string => readFileSync(file, 'utf8')
const hashOf = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(text())?.[1] ?? ''

/** The bcrypt of the C library, which knows only the prefix $2b$. */
const PYTHON = `import crypt, json, sys, warnings
warnings.simplefilter('ignore')
print(json.dumps([crypt.crypt(p, h.replace('$2a$', '$2b$')) == h.replace('$2a$', '$2b$') for p, h in json.load(sys.stdin)]))`
const verified = (pairs: readonly (readonly [password: string, hash: string])[]): boolean[] =>
  JSON.parse(
    execFileSync('python3', ['-W', 'ignore', '-c', PYTHON], { input: JSON.stringify(pairs), encoding: 'utf8' }),
  ) as boolean[]

t.test('the default cost of htpasswd is 5 for a generated password and 10 for a given one', async (t) => {
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
})

t.test('crypt() of the C library verifies the hashes, at the requested cost', async (t) => {
  reset()
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

t.test('a matching hash of any tool is kept; others are classified', async (t) => {
  reset()
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
    t.equal(text(), before, `hash with ${prefix}: not rehashed`)
  }
  writeFileSync(file, `lab:${hash.replace('$04', '$31')}\n`)
  t.strictSame(
    states([{ name: 'lab', password: 'one' }]),
    ['lab: other cost'],
    'a hash too expensive to verify is replaced',
  )
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
  t.strictSame(states([{ name: 'lab', password: 'one' }]), ['lab: other password'], 'a duplicate user is one line')
  make([{ name: 'lab', password: 'one' }])
  t.strictSame([states([{ name: 'lab', password: 'one' }]), text().split('\n').length], [['lab: ok'], 2])
})

t.test('an update of the file keeps comments and order, and removes invalid lines', async (t) => {
  reset('# ours\nb:x\n\nrubbish\na:y\r\n:z\nold:q\n')
  t.match(
    look([
      { name: 'a', password: '1' },
      { name: 'c', password: '3' },
      { name: 'b', password: '2' },
    ]),
    { invalidLines: 2, extra: ['old'] },
  )
  make([
    { name: 'a', password: '1' },
    { name: 'c', password: '3' },
    { name: 'b', password: '2' },
  ])
  t.match(text(), /^# ours\nb:\$2a.*\n\na:\$2a.*\nc:\$2a.*\n$/)
})

t.test('htpasswd generates passwords once and stores them', async (t) => {
  reset()
  const users = [{ name: 'no' }, { name: '007' }, { name: 'given', password: 'mine' }]
  t.match(look(users), { generate: ['no', '007'], files: { path: 'missing', generated: 'missing' } })
  t.strictSame(readAccounts(users.slice(0, 1), generated), [{ name: 'no' }], 'the plan generates no password')
  make(users)
  const stored = parse(readFileSync(generated, 'utf8')) as Record<string, string>
  t.strictSame(Object.keys(stored).sort(), ['007', 'no'])
  for (const password of Object.values(stored)) t.match(password, /^[A-Za-z0-9]{24}$/, 'a generated password')
  t.match(readFileSync(generated, 'utf8'), /^# /)
  t.strictSame(
    readAccounts(users, generated).map(({ password }) => password?.reveal()),
    [stored.no, stored['007'], 'mine'],
  )
  t.strictSame(
    JSON.stringify(readAccounts(users, generated)).includes(stored.no ?? '-'),
    false,
    'readAccounts() returns generated passwords as secrets',
  )
  // Deleting a line generates a new password.
  writeFileSync(generated, stringify({ '007': stored['007'] }))
  t.strictSame(states(users), ['no: other password', '007: ok', 'given: ok'])
  make(users)
  t.not((parse(readFileSync(generated, 'utf8')) as Record<string, string>).no, stored.no)
  // Removing a user also removes the password; others in the file stay.
  writeFileSync(generated, `# mine\n\n${stringify({ ...stored, elsewhere: "another file's" })}`)
  make([{ name: '007' }])
  t.equal(
    readFileSync(generated, 'utf8'),
    `# mine\n\n${stringify({ '007': stored['007'], elsewhere: "another file's" })}`,
  )
})

t.test('the files of htpasswd have mode 0600 and are replaced atomically', async (t) => {
  reset()
  const users = [{ name: 'lab' }]
  make(users)
  const modes = (): string[] => [file, generated].map((each) => (statSync(each).mode & 0o777).toString(8))
  t.strictSame(modes(), ['600', '600'])
  for (const each of [file, generated]) chmodSync(each, 0o644)
  t.strictSame(look(users).files, { path: 'open', generated: 'open' })
  const before = [text(), readFileSync(generated, 'utf8')]
  make(users)
  t.strictSame([modes(), text(), readFileSync(generated, 'utf8')], [['600', '600'], ...before])
  // A hard link keeps the old content.
  linkSync(file, `${file}.old`)
  make([{ name: 'lab', password: 'other' }])
  t.equal(readFileSync(`${file}.old`, 'utf8'), before[0])
  t.strictSame(
    readdirSync(directory).sort(),
    ['htpasswd', 'htpasswd.old', 'passwords.yaml'],
    'no temporary file remains',
  )
  // The leftover of a killed writer.
  writeFileSync(path.join(directory, '.htpasswd.new'), 'half')
  make([{ name: 'lab', password: 'third' }])
  t.notOk(existsSync(path.join(directory, '.htpasswd.new')))
  // A symbolic link stays one.
  reset()
  symlinkSync('real', file)
  writeFileSync(path.join(directory, 'real'), '')
  make([{ name: 'lab', password: 'third' }])
  t.ok(lstatSync(file).isSymbolicLink())
  t.match(readFileSync(path.join(directory, 'real'), 'utf8'), /^lab:/)
})

t.test('the error about an unreadable password file contains nothing of its content', async (t) => {
  const store = (content: string): void => reset(undefined, content)
  const cases: [string, RegExp][] = [
    ['lab: "hush', /:1: invalid YAML \(MISSING_CHAR\)/],
    ['a: b\nlab: *hush', /:2: the password of "lab" must be a string/],
    ['- hush', /:1: write a line "name: password" for each user/],
    ['hush', /:1: write a line/],
    ['lab: 1234', /:1: the password of "lab" must be a string: put it in quotes/],
    ['lab: [hush]', /:1: the password of "lab" must be a string/],
    ['a: hush\na: hush', /:2: invalid YAML \(DUPLICATE_KEY\)/],
    ['lab: ""', /:1: lab: the password is empty/],
    [`lab: ${'hush'.repeat(19)}`, /:1: lab: the password has 76 bytes/],
  ]
  for (const [content, message] of cases) {
    store(content)
    t.throws(() => readAccounts([{ name: 'lab' }], generated), { name: 'Refusal', message }, content)
    t.throws(() => look([{ name: 'lab', password: 'x' }]), { message: /^(?!.*hush)/ }, JSON.stringify(content))
    t.strictSame(
      readAccounts([{ name: 'lab', password: 'x' }], generated)[0]?.name,
      'lab',
      `${JSON.stringify(content)}: the file is not read if all passwords are given`,
    )
  }
  reset()
  mkdirSync(file)
  t.throws(() => look([{ name: 'lab', password: 'x' }]), {
    name: 'Refusal',
    message: `"${file}" is not a regular file: move it away, or choose another path`,
  })
})

/* Random lists of users. */

const name = fc.constantFrom('a', 'b', 'c', 'ab', 'a.b', 'ünï', '__proto__', 'x y')
const password = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constantFrom('one', 'two', `it's "3" \\ $`) },
)
const users = fc
  .uniqueArray(fc.record({ name, password }), { selector: (user) => user.name, minLength: 1, maxLength: 5 })
  .map((list): User[] => list.map(({ name, password }) => (password === undefined ? { name } : { name, password })))
const cost = fc.constantFrom(4, 4, 4, 5)

t.test('htpasswd converges from any file, and is idempotent', async (t) => {
  let removed = 0
  fc.assert(
    fc.property(users, users, cost, (before, after, cost) => {
      reset()
      make(before)
      const old = new Map(
        text()
          .trim()
          .split('\n')
          .map((line) => [line.slice(0, line.lastIndexOf(':')), line]),
      )
      const initial = look(after, cost)
      removed += initial.extra.length
      const answer = make(after, cost)
      const [first, passwords] = [text(), existsSync(generated) ? readFileSync(generated, 'utf8') : '']
      const final = look(after, cost)
      if (final.users.some(({ state }) => state !== 'ok') || final.extra.length > 0 || final.generate.length > 0)
        throw new Error(JSON.stringify(final))
      // Matching hashes keep their lines and order.
      for (const { name, state } of initial.users) {
        const line = old.get(name)
        if (state === 'ok' && line !== undefined && !first.includes(`${line}\n`))
          throw new Error(`${name} was rehashed`)
      }
      const names = first
        .trim()
        .split('\n')
        .map((line) => line.slice(0, line.lastIndexOf(':')))
      const stayed = [...old.keys()].filter((each) => names.includes(each))
      if (names.slice(0, stayed.length).join() !== stayed.join()) throw new Error('the order changed')
      make(after, cost)
      if (text() !== first || passwords !== (existsSync(generated) ? readFileSync(generated, 'utf8') : ''))
        throw new Error('the second make changed a file')
      const known = readAccounts(after, generated).map((each) => each.password?.reveal() ?? '')
      const output = JSON.stringify([answer, initial, final])
      if (known.some((each) => each === '' || output.includes(JSON.stringify(each))) || output.includes('$2a'))
        throw new Error('the output contains a password')
    }),
    { numRuns: runs(20) },
  )
  t.ok(removed > 10, `${removed} users were removed`)
})
