import type { Connection } from './connection.ts'
import { LocalTransport } from './local-transport.ts'
import { HostConnection } from './host-connection.ts'
import { SshTransport } from './ssh-transport.ts'
import type { ConnectionSettings } from './connection-settings.ts'

export { ConnectionConfigError } from './config-error.ts'
export { connectionSettings, type ConnectionSettings } from './connection-settings.ts'

/** The connection to a host. It is established by the first `exec`. */
export const openConnection = (target: ConnectionSettings): Connection =>
  new HostConnection(target.connection === 'local' ? new LocalTransport(target.name) : new SshTransport(target))
