import { readFileSync } from 'node:fs'
import type { AnyAuthMethod } from 'ssh2'
import { Unreachable } from './connection.ts'
import { expandHome } from './ssh-arguments.ts'
import type { ConnectionSettings } from './connection-settings.ts'

/** Authentication methods in the order to try, and their names for the error when all fail. */
export interface Authentication {
  readonly methods: AnyAuthMethod[]
  readonly labels: string
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((file) => expandHome(`~/.ssh/${file}`))

/**
 * Collects the authentication methods for a host. A server disconnects after a few failures (`MaxAuthTries` 6), so
 * methods configured for the host come before the defaults.
 *
 * @throws {Unreachable} there is no authentication method, or the configured key cannot be used.
 */
export function authentication(target: ConnectionSettings, agent = process.env['SSH_AUTH_SOCK']): Authentication {
  const { name, user: username, password } = target
  const hasAgent = agent !== undefined && agent !== ''
  const methods: LabelledMethod[] = target.keyFile === undefined ? [] : configuredKey(target, target.keyFile, hasAgent)
  if (password !== undefined) methods.push(...passwordMethods(username, password.reveal()))
  if (hasAgent) methods.push({ label: 'the keys of the SSH agent', method: { type: 'agent', username, agent } })
  if (target.keyFile === undefined) methods.push(...defaultKeys(target))
  if (methods.length === 0) {
    throw new Unreachable(
      `${name}: no SSH key to log in with: create one with ssh-keygen -t ed25519 and run ` +
        `ssh-copy-id ${username}@${target.address}, or set ansible_ssh_private_key_file`,
    )
  }
  return {
    methods: methods.map(({ method }) => method),
    labels: [...new Set(methods.map(({ label }) => label))].join(', '),
  }
}

interface LabelledMethod {
  readonly label: string
  readonly method: AnyAuthMethod
}

function configuredKey(target: ConnectionSettings, file: string, hasAgent: boolean): LabelledMethod[] {
  const { name } = target
  let key: Buffer
  try {
    key = readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const what = code === 'ENOENT' ? 'does not exist' : `is not readable (${code})`
    throw new Unreachable(`${name}: key file "${file}" ${what}: correct ansible_ssh_private_key_file`)
  }
  if (isEncrypted(key) && target.keyPassphrase === undefined) {
    // The agent may have this key.
    if (hasAgent) return []
    throw new Unreachable(
      `${name}: key "${file}" has a passphrase: run eval "$(ssh-agent)" && ssh-add ${file}, ` +
        'or set ansible_ssh_private_key_passphrase',
    )
  }
  if (!key.includes('PRIVATE KEY')) {
    throw new Unreachable(`${name}: "${file}" is not a private key: correct ansible_ssh_private_key_file`)
  }
  return [keyMethod(target, file, key)]
}

/** The default keys: those that cannot be used are skipped. */
function defaultKeys(target: ConnectionSettings): LabelledMethod[] {
  return DEFAULT_KEYS.flatMap((file) => {
    try {
      const key = readFileSync(file)
      return isEncrypted(key) ? [] : [keyMethod(target, file, key)]
    } catch {
      return []
    }
  })
}

function keyMethod({ user: username, keyPassphrase }: ConnectionSettings, file: string, key: Buffer): LabelledMethod {
  const passphrase = isEncrypted(key) && keyPassphrase !== undefined ? { passphrase: keyPassphrase.reveal() } : {}
  return { label: `the key ${file}`, method: { type: 'publickey', username, key, ...passphrase } }
}

/** With PAM a server may ask for the password interactively. */
const passwordMethods = (username: string, password: string): LabelledMethod[] => [
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
  // "openssh-key-v1\0", then the cipher's name, length-prefixed.
  return Buffer.from(body, 'base64').toString('latin1', 19, 23) !== 'none'
}
