import { readFileSync } from 'node:fs'
import type { AnyAuthMethod } from 'ssh2'
import { Unreachable } from './connection.ts'
import { expandHome } from './ssh-arguments.ts'
import type { Target } from './target.ts'

/** The ways to log in to a host, in the order to try, and what to call them when none was taken. */
export interface Login {
  readonly methods: AnyAuthMethod[]
  readonly tried: string
}

const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((file) => expandHome(`~/.ssh/${file}`))

/**
 * Collects what we have to log in with. A server ends the connection after a few refusals (`MaxAuthTries` 6), so what
 * was named for the host goes before what merely lies about.
 *
 * @throws {Unreachable} there is nothing to log in with, or the key that was named cannot be used.
 */
export function loginMethods(target: Target, agent = process.env['SSH_AUTH_SOCK']): Login {
  const { name, user: username, password } = target
  const hasAgent = agent !== undefined && agent !== ''
  const ways: Way[] = target.keyFile === undefined ? [] : namedKey(target, target.keyFile, hasAgent)
  if (password !== undefined) ways.push(...withPassword(username, password.reveal()))
  if (hasAgent) ways.push({ label: 'the keys of the SSH agent', method: { type: 'agent', username, agent } })
  if (target.keyFile === undefined) ways.push(...usualKeys(target))
  if (ways.length === 0) {
    throw new Unreachable(
      `${name}: there is no key to log in with: make one with ssh-keygen -t ed25519 and run ` +
        `ssh-copy-id ${username}@${target.address}, or set ansible_ssh_private_key_file`,
    )
  }
  return { methods: ways.map(({ method }) => method), tried: [...new Set(ways.map(({ label }) => label))].join(', ') }
}

interface Way {
  readonly label: string
  readonly method: AnyAuthMethod
}

function namedKey(target: Target, file: string, hasAgent: boolean): Way[] {
  const { name } = target
  let key: Buffer
  try {
    key = readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const what = code === 'ENOENT' ? 'does not exist' : `cannot be read by this user (${code})`
    throw new Unreachable(`${name}: the key file ${file} ${what}: correct ansible_ssh_private_key_file`)
  }
  if (isEncrypted(key) && target.keyPassphrase === undefined) {
    // An agent may hold the very key.
    if (hasAgent) return []
    throw new Unreachable(
      `${name}: the key ${file} has a passphrase: run eval "$(ssh-agent)" && ssh-add ${file}, ` +
        'or set ansible_ssh_private_key_passphrase',
    )
  }
  if (!key.includes('PRIVATE KEY')) {
    throw new Unreachable(`${name}: ${file} is not a private key: correct ansible_ssh_private_key_file`)
  }
  return [keyWay(target, file, key)]
}

/** Keys that were not asked for: what cannot be used is passed over. */
function usualKeys(target: Target): Way[] {
  return USUAL_KEYS.flatMap((file) => {
    try {
      const key = readFileSync(file)
      return isEncrypted(key) ? [] : [keyWay(target, file, key)]
    } catch {
      return []
    }
  })
}

function keyWay({ user: username, keyPassphrase }: Target, file: string, key: Buffer): Way {
  const passphrase = isEncrypted(key) && keyPassphrase !== undefined ? { passphrase: keyPassphrase.reveal() } : {}
  return { label: `the key ${file}`, method: { type: 'publickey', username, key, ...passphrase } }
}

/** By PAM a server asks for the password as a question. */
const withPassword = (username: string, password: string): Way[] => [
  { label: 'the password', method: { type: 'password', username, password } },
  {
    label: 'the password',
    method: {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, answer) => answer(prompts.map(() => password)),
    },
  },
]

function isEncrypted(key: Buffer): boolean {
  const text = key.toString('latin1')
  if (text.includes('ENCRYPTED')) return true
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/.exec(text)?.[1]
  if (body === undefined) return false
  // "openssh-key-v1\0", then the cipher's name with its length before it.
  return Buffer.from(body, 'base64').toString('latin1', 19, 23) !== 'none'
}
