import type { Connection } from './connection.ts'
import type * as firstContact from './first-contact.ts'
import { LocalTransport } from './local-transport.ts'
import { HostConnection } from './host-connection.ts'
import type * as loginKeys from './login-keys.ts'
import { DEFAULT_SUDO } from './session-program.ts'
import { SshTransport } from './ssh-transport.ts'
import type { ConnectionSettings } from './settings.ts'

export { ConnectionConfigError } from './config-error.ts'
export { connectionSettings } from './connection-settings.ts'
export { type ConnectionDefaults, connectionDefaults, setConnectionDefaults } from './run-defaults.ts'
export type { ConnectionSettings } from './settings.ts'

/** The connection to a host. It is established by the first `exec`. */
export function openConnection(target: ConnectionSettings): Connection {
  const { exe = DEFAULT_SUDO.exe, flags = DEFAULT_SUDO.flags } = target.become
  const transport = target.connection === 'local' ? new LocalTransport(target.name) : new SshTransport(target)
  return new HostConnection(transport, { exe, flags })
}

// Logins need the SSH library, which takes long to load: a start without logins does not load it.

/** As {@link firstContact.unknownHostKeys}. */
export const unknownHostKeys: typeof firstContact.unknownHostKeys = async (targets) => {
  const { unknownHostKeys } = await import('./first-contact.ts')
  return await unknownHostKeys(targets)
}

/** As {@link loginKeys.lockedKeys}. */
export const lockedKeys: typeof loginKeys.lockedKeys = async (targets) => {
  const { lockedKeys } = await import('./login-keys.ts')
  return await lockedKeys(targets)
}

/** As {@link loginKeys.passphraseProblem}. */
export async function passphraseProblem(path: string, passphrase: string): Promise<string | undefined> {
  const { passphraseProblem } = await import('./login-keys.ts')
  return passphraseProblem(path, passphrase)
}
