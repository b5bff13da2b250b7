import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { group } from '../../../../src/modules/core/group.ts'
import { user } from '../../../../src/modules/core/user.ts'
import { runIn, type Shell } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const HASH = '$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.'

/** Finds entries as getent does: a number is a uid or gid. */
const GETENT = `#!/bin/sh
cd "\${0%/*}/../etc" || exit
[ $# -gt 1 ] || exec cat "$1"
case $2 in
  *[!0-9]*) awk -F: -v key="$2" '$1 == key { print; found = 1 } END { exit !found }' "$1" ;;
  *) awk -F: -v key="$2" '$3 == key { print; found = 1 } END { exit !found }' "$1" ;;
esac
`

interface Row {
  readonly row: string
  readonly params: object
  /** bob's password field; his home. */
  readonly password?: string
  readonly home?: string
  /** What is at /home/bob. */
  readonly kind?: 'directory' | 'file' | 'link' | 'foreign'
  readonly plan: readonly string[] | RegExp
}

const ROWS: readonly Row[] = [
  { row: 'groups by gid, a member of both', params: { groups: ['60', '1001'] }, plan: [] },
  { row: 'groups by gid, one of two', params: { groups: ['60'] }, plan: ['change user bob: remove from ops'] },
  { row: 'groups by gid, a new one', params: { groups: '60,1001,4' }, plan: ['change user bob: add to adm'] },
  { row: 'append by gid', params: { groups: '60,games', append: true }, plan: [] },
  { row: 'append by gid, a new one', params: { groups: ['4'], append: true }, plan: ['change user bob: add to adm'] },
  { row: 'the gid of the primary group', params: { groups: ['1500', '60', '1001'] }, plan: [] },
  { row: 'a gid that is not there', params: { groups: ['77'] }, plan: /^group "77" does not exist/ },
  { row: 'the same password', params: { password: HASH }, password: HASH, plan: [] },
  { row: 'another password', params: { password: HASH }, password: '$6$x$y', plan: ['set password of bob'] },
  { row: 'a locked account with this password', params: { password: HASH }, password: `!${HASH}`, plan: [] },
  { row: 'an account locked twice', params: { password: HASH }, password: `!!${HASH}`, plan: [] },
  {
    row: 'a locked account with another one',
    params: { password: HASH },
    password: '!$6$x$y',
    plan: ['set password of bob'],
  },
  { row: 'locked on request', params: { password: `!${HASH}` }, password: HASH, plan: ['set password of bob'] },
  { row: 'locked already', params: { password: `!${HASH}` }, password: `!${HASH}`, plan: [] },
  { row: 'no password', params: { password: '!' }, password: HASH, plan: ['set password of bob'] },
  { row: 'no password already', params: { password: '!' }, password: '!', plan: [] },
  { row: 'no password, written twice', params: { password: '!' }, password: '!!', plan: [] },
  {
    row: 'an empty password is not "no password"',
    params: { password: '!' },
    password: '',
    plan: ['set password of bob'],
  },
  { row: 'an empty password', params: { password: HASH }, password: '', plan: ['set password of bob'] },
  { row: 'on_create, another', params: { password: HASH, update_password: 'on_create' }, password: '$6$x$y', plan: [] },
  { row: 'on_create, none', params: { password: HASH, update_password: 'on_create' }, password: '!', plan: [] },
  { row: 'on_create, empty', params: { password: HASH, update_password: 'on_create' }, password: '', plan: [] },
  {
    row: 'on_create, a run was killed before it set the password',
    params: { password: HASH, update_password: 'on_create' },
    password: '!labbook',
    plan: ['set password of bob'],
  },
  { row: 'a home that is a file', params: {}, kind: 'file', plan: [] },
  { row: 'removal', params: { state: 'absent', remove: true }, plan: [/^remove user bob and .*\/home\/bob$/] as never },
  {
    row: 'removal with a home that is not there',
    params: { state: 'absent', remove: true },
    home: '/nonexistent',
    plan: ['remove user bob and /nonexistent'],
  },
  {
    row: 'removal with a home that is a link',
    params: { state: 'absent', remove: true },
    kind: 'link',
    plan: /is a symbolic link/,
  },
  { row: 'a number as name', params: { name: '1500', state: 'absent' }, plan: /must be a name, not a number/ },
]

t.test('user does to accounts what Ansible does', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    for (const [place, row] of ROWS.entries()) {
      const there = join(folder, String(place))
      prepare(there, row)
      const plan = planOf(shell, there, { name: 'bob', ...row.params })
      if (row.plan instanceof RegExp) t.match(plan.problem, row.plan, row.row)
      else {
        t.equal(plan.problem, undefined, `${row.row}: no problem`)
        t.match(descriptions(plan), row.plan, row.row)
        t.equal(plan.changes.length, row.plan.length, `${row.row}: number of changes`)
      }
    }
  })
})

function prepare(there: string, { password = '!', home = join(there, 'home/bob'), kind = 'directory' }: Row): void {
  for (const directory of ['bin', 'etc', 'home']) mkdirSync(join(there, directory), { recursive: true })
  const uid = process.getuid?.() ?? 0
  const write = (name: string, ...lines: string[]): void => {
    writeFileSync(join(there, 'etc', name), lines.map((line) => `${line}\n`).join(''))
  }
  write('passwd', '_apt:x:42:65534::/nonexistent:/bin/false', `bob:x:${uid}:1500::${home}:/bin/sh`)
  write('group', 'adm:x:4:', 'games:x:60:bob', 'ops:x:1001:bob', 'bob:x:1500:')
  write('shadow', `bob:${password}:20000:0:99999:7:::`)
  if (kind === 'directory') mkdirSync(join(there, 'home/bob'))
  if (kind === 'file') writeFileSync(join(there, 'home/bob'), '')
  if (kind === 'link') symlinkSync('.', join(there, 'home/bob'))
  for (const [name, text] of [
    ['getent', GETENT],
    ['useradd', '#!/bin/sh\n'],
  ] as const) {
    writeFileSync(join(there, 'bin', name), text)
    chmodSync(join(there, 'bin', name), 0o755)
  }
}

function planOf(shell: Shell, there: string, params: object): ReturnType<typeof user.definition.plan> {
  const parsed = user.definition.schema.safeParse(params)
  if (!parsed.success) return { changes: [], problem: parsed.error.issues.map(({ message }) => message).join() }
  const script = user.definition.probe(parsed.data, {}).replaceAll('/etc/passwd', join(there, 'etc/passwd'))
  const path = `${join(there, 'bin')}:${process.env['PATH']}`
  return user.definition.plan(parsed.data, runIn(shell, script, { env: { PATH: path } }), {}, {})
}

t.test('a new user has no password until it is set, and no password is in an argument', async (t: Test) => {
  const parsed = user.definition.schema.parse({ name: 'ann', password: HASH })
  const { changes } = user.definition.plan(parsed, { stdout: 'groups\n', stderr: '', exitCode: 0 }, {}, {})
  t.match(
    changes.map(({ script }) => script),
    [/^useradd -m -p '!labbook' ann \|\| exit$/, /^printf .* \| chpasswd -e \|\| exit$/],
  )
})

t.test('accounts are changed as root only, and a number is no name', async (t: Test) => {
  const observed = { stdout: 'not-writable\ngroups\n', stderr: '', exitCode: 0 }
  t.match(user.definition.plan(user.definition.schema.parse({ name: 'ann' }), observed, {}, {}).problem, 'become: true')
  t.match(group.definition.plan(group.definition.schema.parse({ name: 'a' }), observed, {}, {}).problem, 'become: true')
  t.match(group.definition.schema.safeParse({ name: '60', state: 'absent' }).error?.message, 'not a number')
})

t.test('a new home has the mode that login.defs sets, as with useradd', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const rows: readonly [defs: string, mode: string][] = [
      ['', '755'],
      ['UMASK\t\t022\n#HOME_MODE 0700\n', '755'],
      ['UMASK 077\n', '700'],
      ['UMASK 027\nHOME_MODE\t0711\n', '0711'],
    ]
    const bob = 'passwd bob:x:1500:1500::/srv/bob:/bin/sh\ngroups\n'
    const parsed = user.definition.schema.parse({ name: 'bob' })
    const { changes } = user.definition.plan(parsed, { stdout: bob, stderr: '', exitCode: 0 }, {}, {})
    for (const [text, mode] of rows) {
      const defs = join(folder, 'login.defs')
      writeFileSync(defs, text)
      const script = (changes[0]?.script ?? '')
        .replaceAll('/etc/login.defs', defs)
        .replace(/^mkdir [^]*/m, 'echo "$lb_mode"')
      t.equal(runIn(shell, script).stdout.trim(), mode, JSON.stringify(text))
    }
  })
})
