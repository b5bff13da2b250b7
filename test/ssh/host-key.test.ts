import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { HostKeyCheck } from '../../src/connection/host-key.ts'
import { makeKey, startSshd } from '../support/sshd.ts'
import { toText } from '../../src/values/to-text.ts'

const sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] })
t.teardown(() => sshd.stop())

const known = readFileSync(sshd.knownHostsFile, 'utf8').trim().split('\n')
const [ed25519 = '', ecdsa = '', rsa = ''] = known
const [name = '', type, key] = ed25519.split(' ')
const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-l', '-f', join(sshd.folder, 'host_ed25519.pub')])
  .toString()
  .split(' ')

makeKey(join(sshd.folder, 'other'))
const [, otherKey = ''] = readFileSync(join(sshd.folder, 'other.pub'), 'utf8').split(' ')

let files = 0
/** A known_hosts file with these lines. */
function file(...lines: string[]): string {
  const path = join(sshd.folder, `known-${files++}`)
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

async function login(knownHosts: string, more: Record<string, unknown> = {}): Promise<string> {
  const args = `-o UserKnownHostsFile=${knownHosts} ${toText(more['args'] ?? '')}`
  const connection = openConnection(connectionSettings('node1', sshd.vars({ ...more, ansible_ssh_common_args: args })))
  try {
    return (await connection.exec('echo in', { timeLimitSeconds: 10 })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

t.test('a known key of any type is trusted, even if the server has others', async (t) => {
  for (const line of [ed25519, ecdsa, rsa]) t.equal(await login(file(line)), 'in', line)
})

t.test('hashed known_hosts lines are supported', async (t) => {
  const path = file(ecdsa)
  execFileSync('ssh-keygen', ['-q', '-H', '-f', path], { stdio: 'ignore' })
  t.match(readFileSync(path, 'utf8'), /^\|1\|/)
  t.equal(await login(path), 'in')
})

t.test('known_hosts comments, patterns and lines without port match as in ssh', async (t) => {
  t.equal(await login(file('# hosts', '', `elsewhere ${type} ${otherKey}`, `127.0.0.* ${type} ${key}`)), 'in')
})

t.test('the key may be in any of several known_hosts files', async (t) => {
  const connection = openConnection(
    connectionSettings(
      'node1',
      sshd.vars({
        ansible_ssh_common_args: `-o "UserKnownHostsFile=${file()} ${file(ed25519)}"`,
      }),
    ),
  )
  t.teardown(() => connection.close())
  t.equal((await connection.exec('exit 3', { timeLimitSeconds: 10 })).exitCode, 3)
})

t.test('an unknown key is refused; the error has its fingerprint and the command to add it', async (t) => {
  const path = file()
  const error = (await login(path).then(t.fail, (thrown: unknown) => thrown)) as Error
  t.equal(error.name, 'Unreachable')
  t.match(
    error.message,
    `node1: the host key of 127.0.0.1 port ${sshd.port} is unknown. Its fingerprint is ${fingerprint} (ssh-ed25519).`,
  )
  const command = error.message.split('run: ')[1] as string
  t.equal(command, `ssh-keyscan -p ${sshd.port} -t ed25519 127.0.0.1 >> ${path}`)
  execFileSync('sh', ['-c', command], { stdio: 'ignore' })
  t.equal(await login(path), 'in', 'the command fixes it')
})

t.test('a changed key is refused; the error has the conflicting line and the command to remove it', async (t) => {
  const path = file('# old', `${name} ${type} ${otherKey}`)
  const error = (await login(path).then(t.fail, (thrown: unknown) => thrown)) as Error
  t.equal(error.name, 'Unreachable')
  t.match(
    error.message,
    `node1: THE HOST KEY OF 127.0.0.1 port ${sshd.port} HAS CHANGED: it is not the one in ${path}:2.`,
  )
  t.match(error.message, fingerprint)
  const command = /run: (.*) and add/.exec(error.message)?.[1] as string
  execFileSync('sh', ['-c', command], { stdio: 'ignore' })
  t.notMatch(readFileSync(path, 'utf8'), otherKey)
})

t.test('a revoked key is refused, even if another line accepts it', async (t) => {
  const path = file(ed25519, `@revoked * ${type} ${key}`)
  await t.rejects(login(path), { name: 'Unreachable', message: new RegExp(`IS REVOKED in ${path}:2`) })
})

t.test('accept-new stores an unknown key, trusts it, and refuses a different one', async (t) => {
  const path = join(sshd.folder, 'new', 'known_hosts')
  t.equal(await login(path, { args: '-o StrictHostKeyChecking=accept-new' }), 'in')
  t.equal(readFileSync(path, 'utf8').trim(), `${name} ${type} ${key}`)
  t.equal(await login(path), 'in')
  const changed = file(`${name} ${type} ${otherKey}`)
  await t.rejects(login(changed, { args: '-o StrictHostKeyChecking=accept-new' }), /HAS CHANGED/)
})

t.test('a file that cannot be read for now is no file without the host', async (t) => {
  const path = file(ed25519)
  const [wire, args] = [Buffer.from(key as string, 'base64'), '-o StrictHostKeyChecking=accept-new']
  const vars = sshd.vars({ ansible_ssh_common_args: `-o UserKnownHostsFile=${path} ${args}` })
  const source = join(import.meta.dirname, '../../src/connection')
  const program = `
    import { openSync } from 'node:fs'
    import { connectionSettings } from '${source}/index.ts'
    import { HostKeyCheck } from '${source}/host-key.ts'
    const target = connectionSettings('node1', ${JSON.stringify(vars)})
    try { for (;;) openSync('/dev/null') } catch {}
    try {
      const check = new HostKeyCheck(target)
      console.log(check.verify(Buffer.from('${wire.toString('hex')}', 'hex')), check.rejection)
    } catch (error) { console.log(error.name, error.message) }`
  const command = 'ulimit -n 200; exec "$@"'
  const node = [process.execPath, '--import=tsx', '--input-type=module', '--eval', program]
  t.equal(
    execFileSync('sh', ['-c', command, 'sh', ...node], { encoding: 'utf8' }).trim(),
    `Unreachable node1: cannot read the known host keys in ${path}: too many open files (EMFILE): raise the limit ` +
      '(ulimit -n), or use fewer --forks',
  )
})

t.test('a file that the user may not read is no file without the host', async (t) => {
  const path = file(ed25519)
  chmodSync(path, 0o600)
  for (const StrictHostKeyChecking of ['yes', 'accept-new']) {
    const args = `-o UserKnownHostsFile=${path} -o StrictHostKeyChecking=${StrictHostKeyChecking}`
    const target = connectionSettings('node1', sshd.vars({ ansible_ssh_common_args: args }))
    process.seteuid?.(4242)
    try {
      const check = new HostKeyCheck(target)
      t.equal(check.verify(Buffer.from(key as string, 'base64')), false, StrictHostKeyChecking)
      t.match(
        check.rejection,
        `is not in the files that can be read, and ${path} is not readable (EACCES): correct its permissions`,
      )
    } finally {
      process.seteuid?.(0)
    }
  }
  t.equal(readFileSync(path, 'utf8'), `${ed25519}\n`, 'accept-new added nothing')
})

t.test('StrictHostKeyChecking=no accepts any key and stores none', async (t) => {
  const path = file(`${name} ${type} ${otherKey}`)
  copyFileSync(path, `${path}.before`)
  t.equal(await login(path, { args: '-o StrictHostKeyChecking=no' }), 'in')
  t.equal(await login(path, { ansible_host_key_checking: false }), 'in')
  t.equal(readFileSync(path, 'utf8'), readFileSync(`${path}.before`, 'utf8'))
})
