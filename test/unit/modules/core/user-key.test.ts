import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { user } from '../../../../src/modules/core/user.ts'
import { secret } from '../../../../src/values/secret.ts'
import { converge, runIn, shells } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'

/** The user daemon of every Debian, uid 1. */
const daemon = { name: 'daemon', create_home: false, generate_ssh_key: true, ssh_key_type: 'ed25519' }

t.test('generate_ssh_key creates a key of the user once', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const file = join(folder, "it's/key")
    const run = converge(shell, user, { ...daemon, ssh_key_file: file, ssh_key_comment: 'of "daemon"' })
    converged(t, run, [`create SSH key ${file}`])
    t.match(statSync(file), { uid: 1, gid: 1 })
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.equal(statSync(`${file}.pub`).mode & 0o777, 0o644)
    t.equal(statSync(join(folder, "it's")).mode & 0o777, 0o700)
    const text = readFileSync(`${file}.pub`, 'utf8').trim()
    t.match(text, / of "daemon"$/)
    t.match(run.after.values, { ssh_key_file: file, ssh_public_key: text, ssh_fingerprint: /^256 SHA256:/ })
  })
})

t.test('the passphrase of a new key is in no argument', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const file = join(folder, 'key')
    const passphrase = secret(`it's "$a" \\n`)
    const given = { ...daemon, ssh_key_file: file, ssh_key_passphrase: passphrase }
    converged(t, converge(shell, user, given), [`create SSH key ${file} with a passphrase`])
    t.equal(
      execFileSync('ssh-keygen', ['-y', '-P', passphrase.reveal(), '-f', file], { encoding: 'utf8' }).split(' ')[0],
      'ssh-ed25519',
    )
    t.match(readFileSync(`${file}.pub`, 'utf8'), / ansible-generated on \S+\n$/)
    t.throws(() => execFileSync('ssh-keygen', ['-y', '-P', '', '-f', file], { stdio: 'pipe' }))
    const { script } = user.definition
      .plan(
        user.definition.schema.parse(given),
        { ...runIn(shell, user.definition.probe(user.definition.schema.parse(given), {})), stdout: 'groups' },
        {},
        {},
      )
      .changes.at(-1) ?? { script: '' }
    const line = script.split('\n').find((each) => each.includes('ssh-keygen -q')) ?? ''
    t.notMatch(line, /\$a/)
  })
})

t.test('a key of which one file is there is not replaced, and a missing ssh-keygen is named', async (t) => {
  const params = user.definition.schema.parse({ ...daemon, ssh_key_bits: 3072, ssh_key_type: 'rsa' })
  const plan = (...lines: string[]) =>
    user.definition.plan(
      params,
      {
        stdout: ['passwd daemon:x:1:1:daemon:/srv/daemon:/bin/sh', ...lines, 'groups'].join('\n'),
        stderr: '',
        exitCode: 0,
      },
      {},
      {},
    )
  t.same(descriptions(plan('ssh-key')), [])
  t.match(plan('home-there', 'no-keygen').problem, 'ssh-keygen not found')
  t.match(plan('home-there', 'no-key-directory').problem, 'does not exist')
  t.match(plan().problem, 'user "daemon" has no home for an SSH key')
  t.same(descriptions(plan('home-there')), ['create SSH key /srv/daemon/.ssh/id_rsa'])
  t.match(plan('home-there').changes[0]?.script, 'ssh-keygen -q -t rsa -b 3072 -C "ansible-generated on $(uname -n)"')
  t.same(plan('home-there').values, {
    ...{ name: 'daemon', uid: 1, group: 1, home: '/srv/daemon', shell: '/bin/sh', comment: 'daemon' },
    ...{ ssh_key_file: '/srv/daemon/.ssh/id_rsa', ssh_public_key: null, ssh_fingerprint: null },
  })
  t.match(runIn(shells[0], user.definition.probe(params, {})).stdout, /^groups$/m)
})

t.test('a public key that is a link to another file is not printed', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const file = join(folder, 'key')
    writeFileSync(join(folder, 'secret'), 'root:$y$hash:1\nsecond\n')
    symlinkSync(join(folder, 'secret'), `${file}.pub`)
    const { definition } = user
    const params = definition.schema.parse({ ...daemon, ssh_key_file: file })
    const { stdout } = runIn(shell, definition.probe(params, {}))
    t.match(stdout, /^ssh-key$/m, 'the file is there')
    t.notMatch(stdout, /hash|second/)
  })
})
