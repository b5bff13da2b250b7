import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { authorized_key } from '../../../../src/modules/core/authorized_key.ts'
import { known_hosts } from '../../../../src/modules/core/known_hosts.ts'
import { namesHost } from '../../../../src/modules/support/known-hosts.ts'
import { converge, runIn } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

/* Texts are compared with Ansible's in text-edits.test.ts. */

const ED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtpbmcga2V5IG9uZSBvZiB0aGUgdGVzdHMgISEh'
const EC = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAB'
const mode = (path: string): number => statSync(path).mode & 0o7777

t.test('authorized_key writes the file and its directory for the user', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, "a 'b'", 'keys')
    const run = converge(shell, authorized_key, { user: 'games', path, key: `${ED} ann@a` })
    converged(t, run, ['set keys of games: ann@a'])
    t.same(run.after.values, { keyfile: path })
    t.equal(readFileSync(path, 'utf8'), `${ED} ann@a\n`)
    const { uid } = statSync(path)
    t.same([mode(path), mode(join(path, '..')), statSync(join(path, '..')).uid], [0o600, 0o700, uid])
    t.equal(uid, Number(runIn(shell, 'id -u games').stdout))
    converged(t, converge(shell, authorized_key, { user: 'games', path, key: EC, key_options: 'no-pty' }), [
      'set keys of games: ecdsa-sha2-nistp256',
    ])
    converged(t, converge(shell, authorized_key, { user: 'games', path, key: ED, state: 'absent' }), [
      'remove keys of games: ssh-ed25519',
    ])
    t.equal(readFileSync(path, 'utf8'), `no-pty ${EC} \n`)
    t.notMatch(JSON.stringify(run.before.changes[0]?.diff), 'AAAA')
  })
})

t.test('authorized_key finds the home of the user', async (t) => {
  inEachShell(t, (t, shell) => {
    const { definition } = authorized_key
    const params = definition.schema.parse({ user: 'games', key: ED })
    const plan = definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {})
    // The home of games, /usr/games, exists and has no keys.
    t.equal(plan.changes.length, 1)
    t.match(plan.changes[0]?.script, '/usr/games/.ssh/authorized_keys')
    const nobody = definition.schema.parse({ user: 'nosuch', key: ED })
    t.equal(
      definition.plan(nobody, runIn(shell, definition.probe(nobody, {})), {}, {}).problem,
      'user "nosuch" does not exist on this host',
    )
  })
})

t.test('authorized_key gives no user what their link leads to', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')]
    mkdirSync(target, { mode: 0o755 })
    symlinkSync(target, link)
    const params = { user: 'games', path: join(link, 'keys'), key: ED }
    const { uid } = statSync(target)
    const games = Number(runIn(shell, 'id -u games').stdout)
    lchownSync(link, games, games)
    const { before, applied } = converge(shell, authorized_key, params)
    t.match(applied, [{ exitCode: 1, stderr: `${link} is a link that is not root's: set manage_dir: false\n` }])
    t.equal(runIn(shell, before.changes[0]?.dryRun ?? '').exitCode, 1, 'check mode predicts it')
    t.same([statSync(target).uid, mode(target)], [uid, 0o755])
    lchownSync(link, 0, 0)
    t.match(converge(shell, authorized_key, params).applied, [{ exitCode: 0 }])
    t.equal(statSync(target).uid, games)
  })
})

t.test('authorized_key replaces a link or follows it, and reports a missing directory', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const [target, path] = [join(folder, 'target'), join(folder, 'keys')]
    writeFileSync(target, `${ED}\n`)
    symlinkSync(target, path)
    const params = { user: 'root', path, key: EC, manage_dir: false }
    converged(t, converge(shell, authorized_key, { ...params, follow: true }), [
      'set keys of root: ecdsa-sha2-nistp256',
    ])
    t.ok(lstatSync(path).isSymbolicLink())
    converged(t, converge(shell, authorized_key, { ...params, key: ED, state: 'absent' }), [
      'remove keys of root: ssh-ed25519',
    ])
    t.notOk(lstatSync(path).isSymbolicLink())
    const deep = join(folder, 'no/keys')
    t.match(converge(shell, authorized_key, { ...params, path: deep }).before.problem, 'set manage_dir: true')
    t.match(
      converge(shell, authorized_key, { ...params, path: join(folder, 'no/no/keys'), manage_dir: true }).before.problem,
      `directory ${folder}/no does not exist`,
    )
    mkdirSync(deep, { recursive: true })
    t.match(converge(shell, authorized_key, { ...params, path: deep }).before.problem, 'is not a file')
  })
})

t.test('known_hosts sets, hashes and removes keys', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'known')
    const params = { name: 'web.example.org', path }
    converged(t, converge(shell, known_hosts, { ...params, key: `web.example.org ${ED}` }), [
      `set key of web.example.org in ${path}`,
    ])
    t.equal(mode(path), 0o644)
    chmodSync(path, 0o600)
    converged(t, converge(shell, known_hosts, { ...params, key: `web.example.org ${ED}`, hash_host: true }), [
      `set key of web.example.org in ${path}`,
    ])
    t.equal(mode(path), 0o600)
    const [hosts = '', ...rest] = readFileSync(path, 'utf8').trimEnd().split(' ')
    t.equal(rest.join(' '), ED)
    t.match(hosts, /^\|1\|/)
    t.ok(namesHost(hosts, 'WEB.example.org'))
    t.notOk(namesHost(hosts, 'web.example.com'))
    // ssh finds it, too.
    t.equal(runIn(shell, `ssh-keygen -F web.example.org -f ${path}`).exitCode, 0)
    converged(t, converge(shell, known_hosts, { ...params, state: 'absent' }), [
      `remove key of web.example.org in ${path}`,
    ])
    t.equal(readFileSync(path, 'utf8'), '')
  })
})

t.test('known_hosts takes the home of the user of the task', async (t) => {
  inEachShell(t, (t, shell) => {
    const { definition } = known_hosts
    const params = definition.schema.parse({ name: 'a', state: 'absent' })
    const { values, problem } = definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {})
    t.same([values, problem], [{ path: '/root/.ssh/known_hosts' }, undefined])
  })
})

t.test('keys that are none, and parameters that are left out, are refused', (t) => {
  const why = (
    {
      definition,
    }: { definition: { schema: { safeParse(given: object): { error?: { issues: { message: string }[] } } } } },
    given: object,
  ) => definition.schema.safeParse(given).error?.issues[0]?.message
  t.equal(why(authorized_key, { user: 'a', key: 'AAAA' }), '"AAAA" is not a public key')
  t.match(why(authorized_key, { user: 'a', key: 'https://github.com/ann.keys' }), 'is a URL')
  t.match(why(authorized_key, { user: 'a', key: ED, validate_certs: true }), '"validate_certs" is not supported')
  t.match(why(known_hosts, { name: 'a', key: `b ${ED}` }), 'must be a line of known_hosts for a')
  t.match(why(known_hosts, { name: 'a' }), 'key is required')
  t.match(why(known_hosts, { host: 'a' }), 'expected string')
  t.end()
})
