import { readPrivateKey } from './private-key.ts'
import { type ConnectionSettings, KEY_VARIABLE, type KeyFile } from './settings.ts'
import { expandHome } from './ssh-arguments.ts'
import { SshAgent } from './ssh-agent.ts'
import { readCertificate, type UserCertificate } from './user-certificate.ts'

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((file) => expandHome(`~/.ssh/${file}`))

/** The keys of a host: those configured, or the default ones. */
export const keyFilesOf = ({ keyFiles, passphrases }: ConnectionSettings): readonly KeyFile[] =>
  keyFiles ??
  DEFAULT_KEYS.map((path) => {
    const passphrase = passphrases?.[path]
    return { path, setBy: KEY_VARIABLE, ...(passphrase === undefined ? {} : { passphrase }) }
  })

/** The user's certificates for a host: those configured, and those beside the keys. */
export const certificatesOf = (target: ConnectionSettings): UserCertificate[] =>
  [
    ...(target.certificateFiles ?? []),
    ...keyFilesOf(target).map(({ path }) => `${path.replace(/\.pub$/, '')}-cert.pub`),
  ].flatMap((file) => readCertificate(file) ?? [])

/** The socket of a host's agent; empty for none. */
export const agentOf = ({ agent }: ConnectionSettings): string =>
  agent === null ? '' : (agent ?? process.env['SSH_AUTH_SOCK'] ?? '')

/** An agent that takes longer counts as absent here: the login says so. */
const AGENT_MS = 2000

/**
 * The key files to ask a passphrase for: those of hosts that no other key or password lets in, as far as this machine
 * can know.
 */
export async function lockedKeys(targets: readonly ConnectionSettings[]): Promise<string[]> {
  const held = new Map<string, Promise<ReadonlySet<string>>>()
  const heldBy = (agent: string): Promise<ReadonlySet<string>> => {
    const known = held.get(agent) ?? keysInAgent(agent)
    held.set(agent, known)
    return known
  }
  const locked = new Set<string>()
  for (const target of targets.flatMap(withJumpHosts)) {
    if (target.connection === 'local' || target.password !== undefined) continue
    const inAgent = await heldBy(agentOf(target))
    const files = keyFilesOf(target).map(({ path, passphrase, setBy }) => ({
      path,
      read: readPrivateKey(path, passphrase?.reveal(), setBy),
    }))
    const isUsable = ({ read }: (typeof files)[number]): boolean =>
      'key' in read || (read.publicKey !== undefined && inAgent.has(read.publicKey.toString('base64')))
    if (files.some(isUsable) || (target.keyFiles === undefined && inAgent.size > 0)) continue
    for (const { path, read } of files) if (!('key' in read) && read.isLocked) locked.add(path)
  }
  return [...locked]
}

/** Why a passphrase does not decrypt a key; undefined if it does. */
export function passphraseProblem(path: string, passphrase: string): string | undefined {
  const read = readPrivateKey(path, passphrase, KEY_VARIABLE)
  return 'key' in read ? undefined : read.problem
}

/** A host's settings, after those of the hosts that it is reached over. */
export const withJumpHosts = (target: ConnectionSettings): ConnectionSettings[] =>
  target.proxy !== undefined && 'jump' in target.proxy ? [...withJumpHosts(target.proxy.jump), target] : [target]

/** The public keys that an agent holds, in base64. */
async function keysInAgent(path: string): Promise<ReadonlySet<string>> {
  if (path === '') return new Set()
  const agent = new SshAgent(path)
  try {
    return new Set((await agent.list(AGENT_MS)).map(({ wire }) => wire.toString('base64')))
  } catch {
    return new Set()
  } finally {
    agent.close()
  }
}
