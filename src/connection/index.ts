import type { Connection } from './connection.ts'
import { LocalTransport } from './local.ts'
import { HostConnection } from './shell-connection.ts'
import { SshTransport } from './ssh.ts'
import type { ConnectionSettings } from './target.ts'

export { ConnectionConfigError } from './config-error.ts'
export { connectionSettings, type ConnectionSettings } from './target.ts'

/** The connection to a host. It is established by the first `exec`. */
export const openConnection = (target: ConnectionSettings): Connection =>
  new HostConnection(target.connection === 'local' ? new LocalTransport(target.name) : new SshTransport(target))
