import type { Connection } from './connection.ts'
import { LocalTransport } from './local-transport.ts'
import { HostConnection } from './host-connection.ts'
import { DEFAULT_SUDO } from './session-program.ts'
import { SshTransport } from './ssh-transport.ts'
import type { ConnectionSettings } from './settings.ts'

export { ConnectionConfigError } from './config-error.ts'
export { connectionSettings } from './connection-settings.ts'
export { unknownHostKeys } from './first-contact.ts'
export { lockedKeys, passphraseProblem } from './login-keys.ts'
export { type ConnectionDefaults, connectionDefaults, setConnectionDefaults } from './run-defaults.ts'
export type { ConnectionSettings } from './settings.ts'

/** The connection to a host. It is established by the first `exec`. */
export function openConnection(target: ConnectionSettings): Connection {
  const { exe = DEFAULT_SUDO.exe, flags = DEFAULT_SUDO.flags } = target.become
  const transport = target.connection === 'local' ? new LocalTransport(target.name) : new SshTransport(target)
  return new HostConnection(transport, { exe, flags })
}
