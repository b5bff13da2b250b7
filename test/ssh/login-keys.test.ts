import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, truncateSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { startAgent } from '../support/ssh-agent.ts'
import { makeKey, startSshd } from '../support/sshd.ts'

delete process.env['SSH_AUTH_SOCK']

const sshd = await startSshd({ config: ['LogLevel VERBOSE'] })
t.teardown(() => sshd.stop())
const file = (name: string): string => join(sshd.folder, name)
const where = `127.0.0.1 port ${sshd.port}`

async function run(keyFile: string | undefined, more: Record<string, unknown> = {}): Promise<string> {
  const vars = sshd.vars({ ansible_ssh_private_key_file: keyFile, ...more })
  const connection = openConnection(connectionSettings('node1', vars))
  try {
    return (await connection.exec('echo in', { timeLimitSeconds: 10 })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

/** The error of a login; `logins` of them reached the server. */
async function refusal(t: Test, logins: number, ...login: Parameters<typeof run>): Promise<string> {
  const count = (): number => sshd.log().split('Connection from ').length
  const before = count()
  const error = (await run(...login).then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  )) as Error
  t.equal(error.name, 'Unreachable', error.message)
  t.equal(count() - before, logins, 'logins')
  return error.message
}

const authorize = (name: string): void => appendFileSync(file('authorized_keys'), readFileSync(file(`${name}.pub`)))
const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' })

t.test('PKCS#8 keys log in, encrypted ones too', async (t) => {
  const kinds = [
    ['rsa', 'RSA', 'rsa_keygen_bits:2048'],
    ['ecdsa', 'EC', 'ec_paramgen_curve:P-256'],
    ['ed25519', 'ED25519'],
  ] as const
  for (const [name, algorithm, option] of kinds) {
    const options = option === undefined ? [] : ['-pkeyopt', option]
    openssl('genpkey', '-algorithm', algorithm, ...options, '-out', file(name))
    t.match(readFileSync(file(name), 'utf8'), /^-----BEGIN PRIVATE KEY-----/)
    const { utils } = (await import('ssh2')).default
    t.ok(utils.parseKey(readFileSync(file(name))) instanceof Error, 'ssh2 reads no PKCS#8')
    if (name === 'ed25519') {
      const jwk = openssl('pkey', '-in', file(name), '-pubout', '-outform', 'DER') as Buffer
      const wire = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0 ', 'latin1'), jwk.subarray(-32)])
      appendFileSync(file('authorized_keys'), `ssh-ed25519 ${wire.toString('base64')}\n`)
    } else {
      execFileSync('chmod', ['600', file(name)])
      appendFileSync(file('authorized_keys'), execFileSync('ssh-keygen', ['-y', '-f', file(name)]))
    }
    t.equal(await run(file(name)), 'in', name)
    openssl('pkcs8', '-topk8', '-in', file(name), '-passout', 'pass:open sesame', '-out', file(`${name}-locked`))
    t.equal(await run(file(`${name}-locked`), { ansible_ssh_private_key_passphrase: 'open sesame' }), 'in', name)
  }
  t.match(
    await refusal(t, 0, file('rsa-locked'), { ansible_ssh_private_key_passphrase: 'wrong one' }),
    `node1: key "${file('rsa-locked')}" cannot be decrypted: correct ansible_ssh_private_key_passphrase`,
  )
})

t.test('a key that cannot be used is an error before any login', async (t) => {
  const passphrase = { ansible_ssh_private_key_passphrase: 'open sesame' }
  makeKey(file('locked'), 'ed25519', 'open sesame')
  t.match(
    await refusal(t, 0, file('locked'), { ansible_ssh_private_key_passphrase: 'wrong one' }),
    `node1: key "${file('locked')}" cannot be decrypted: correct ansible_ssh_private_key_passphrase`,
  )
  const cipher = 'chacha20-poly1305@openssh.com'
  execFileSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-a',
    '1',
    '-Z',
    cipher,
    '-N',
    'open sesame',
    '-f',
    file('chacha'),
  ])
  const message = await refusal(t, 0, file('chacha'), passphrase)
  t.match(message, `node1: key "${file('chacha')}" is encrypted with ${cipher}, which Labbook cannot decrypt: `)
  const command = /with (ssh-keygen -p .*?),/.exec(message)?.[1] as string
  execFileSync('sh', ['-c', `${command} -P 'open sesame' -N 'open sesame'`], { stdio: 'pipe' })
  authorize('chacha')
  t.equal(await run(file('chacha'), passphrase), 'in', 'the command fixes it')
  makeKey(file('cut'), 'rsa')
  for (const bytes of [1200, 100]) {
    truncateSync(file('cut'), bytes)
    t.match(await refusal(t, 0, file('cut')), `node1: key "${file('cut')}" is damaged (`)
  }
})

t.test('a certificate logs in: beside its key, configured, and in the agent', async (t) => {
  makeKey(file('ca'))
  const trusting = await startSshd({ config: [`TrustedUserCAKeys ${file('ca.pub')}`] })
  t.teardown(() => trusting.stop())
  const sign = (name: string, principal = 'root'): void => {
    const args = ['-q', '-s', file('ca'), '-I', 'me', '-n', principal, file(`${name}.pub`)]
    execFileSync('ssh-keygen', args, { stdio: 'pipe' })
  }
  const logIn = async (vars: Record<string, unknown>): Promise<string> => {
    const connection = openConnection(
      connectionSettings('node1', trusting.vars({ ansible_ssh_private_key_file: undefined, ...vars })),
    )
    try {
      return (await connection.exec('echo in', { timeLimitSeconds: 10 })).stdout.toString().trim()
    } finally {
      await connection.close()
    }
  }
  for (const type of ['ed25519', 'rsa', 'ecdsa']) {
    const name = `signed-${type}`
    makeKey(file(name), type, type === 'rsa' ? 'open sesame' : '')
    const key = {
      ansible_ssh_private_key_file: file(name),
      ...(type === 'rsa' ? { ansible_ssh_private_key_passphrase: 'open sesame' } : {}),
    }
    await t.rejects(logIn(key), /denied root access with the key/, `${type} without certificate`)
    sign(name)
    t.equal(await logIn(key), 'in', type)
    const elsewhere = file(`${name}-elsewhere`)
    execFileSync('mv', [file(`${name}-cert.pub`), elsewhere])
    const common = `${String(trusting.vars()['ansible_ssh_common_args'])} -o CertificateFile=${elsewhere}`
    t.equal(await logIn({ ...key, ansible_ssh_common_args: common }), 'in', `${type}, configured`)
    execFileSync('mv', [elsewhere, file(`${name}-cert.pub`)])
  }
  const agent = startAgent(trusting.folder)
  t.teardown(() => agent.stop())
  for (const type of ['rsa', 'ecdsa']) agent.add(file(`signed-${type}`), 'open sesame')
  t.equal(await logIn({}), 'in', 'keys and certificates of the agent')
  agent.stop()
  makeKey(file('other'))
  sign('other', 'someone')
  await t.rejects(
    logIn({ ansible_ssh_private_key_file: file('other') }),
    /denied root access with the certificate .*other-cert.pub, the key .*: .*check the certificate \(ssh-keygen -L/,
  )
})

t.test('IdentityAgent names the agent, or none', async (t) => {
  const agent = startAgent(sshd.folder)
  t.teardown(() => agent.stop())
  agent.add(sshd.keyFile, '')
  const socket = String(process.env['SSH_AUTH_SOCK'])
  const common = (value: string): Record<string, unknown> => ({
    ansible_ssh_common_args: `${String(sshd.vars()['ansible_ssh_common_args'])} -o IdentityAgent=${value}`,
  })
  t.equal(await run(undefined, common('SSH_AUTH_SOCK')), 'in')
  await refusal(t, 0, undefined, common('none'))
  delete process.env['SSH_AUTH_SOCK']
  t.equal(await run(undefined, common(socket)), 'in')
})

t.test('methods that ssh_config rules out are not tried', async (t) => {
  const common = `${String(sshd.vars()['ansible_ssh_common_args'])} -o PubkeyAuthentication=no`
  t.equal(await run(sshd.keyFile), 'in')
  t.match(
    await refusal(t, 0, sshd.keyFile, { ansible_ssh_common_args: common }),
    'node1: ssh_config allows only password, keyboard-interactive',
  )
})

t.test('the agent offers a named key first, and with IdentitiesOnly no other', async (t) => {
  const agent = startAgent(sshd.folder)
  t.teardown(() => agent.stop())
  for (let i = 0; i < 7; i++) {
    makeKey(file(`many${i}`), 'ed25519', i === 6 ? 'open sesame' : '')
    agent.add(file(`many${i}`), 'open sesame')
  }
  authorize('many6')
  t.equal(await run(file('many6')), 'in', 'it has a passphrase that only the agent knows')
  t.equal(await run(file('many6.pub')), 'in', 'its public key names it')
  t.match(
    await refusal(t, 1, undefined),
    /denied root access after too many attempts with the keys of the SSH agent\. The SSH agent has 7 keys: name the/,
  )
  makeKey(file('stranger'))
  const common = `${String(sshd.vars()['ansible_ssh_common_args'])} -o IdentitiesOnly=yes`
  const since = sshd.log().length
  t.match(
    await refusal(t, 1, file('stranger'), { ansible_ssh_common_args: common }),
    `node1: ${where} denied root access with the key ${file('stranger')}: install the public key there`,
  )
  t.equal(sshd.log().slice(since).split('Failed publickey').length - 1, 1, 'one key was offered')
  t.equal(await run(file('many6'), { ansible_ssh_args: common }), 'in')
})

t.test('an agent that does not answer is named, and does not keep the process alive', async (t) => {
  const sockets: Socket[] = []
  const hung = createServer((socket) => sockets.push(socket.on('error', () => undefined).resume()))
  await new Promise<void>((resolve) => hung.listen(file('hung'), resolve))
  process.env['SSH_AUTH_SOCK'] = file('hung')
  t.teardown(() => {
    delete process.env['SSH_AUTH_SOCK']
    hung.close()
  })
  makeKey(file('unknown'), 'ed25519', 'open sesame')
  const short = { ansible_ssh_timeout: 1 }
  t.match(
    await refusal(t, 0, file('unknown'), short),
    `the SSH agent at ${file('hung')} did not answer within 0.5 s: restart it, or unset SSH_AUTH_SOCK`,
  )
  t.equal(await run(sshd.keyFile, short), 'in', 'a key that needs no agent is used')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.ok(
    sockets.every((socket) => socket.readableEnded || socket.destroyed),
    'no connection to it is left',
  )
})

t.test('an agent that does not sign in time is named, and does not keep the process alive', async (t) => {
  makeKey(file('slow'), 'ed25519')
  authorize('slow')
  const agent = startAgent(sshd.folder)
  t.teardown(() => agent.stop())
  agent.add(file('slow'), '')
  const real = process.env['SSH_AUTH_SOCK'] as string
  const sockets: Socket[] = []
  // It lists its keys, and then waits for somebody to confirm.
  const SIGN_REQUEST = 13
  const waiting = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    socket.once('data', (request: Buffer) => {
      if (request[4] === SIGN_REQUEST) socket.resume()
      else
        connect(real)
          .on('data', (answer: Buffer) => socket.write(answer))
          .write(request)
    })
  })
  await new Promise<void>((resolve) => waiting.listen(file('waiting'), resolve))
  process.env['SSH_AUTH_SOCK'] = file('waiting')
  t.teardown(() => waiting.close())
  t.match(
    await refusal(t, 1, undefined, { ansible_ssh_timeout: 1 }),
    /the SSH agent did not sign within 1 s for the login of root at .*: confirm the use of its key or touch the security/,
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(sockets.length, 2, 'it was asked for its keys, and once for a signature')
  t.ok(
    sockets.every((socket) => socket.readableEnded || socket.destroyed),
    'no connection to it is left',
  )
})
