import type { Connection } from './connection.ts'
import { LocalLine } from './local.ts'
import { ShellConnection } from './shell-connection.ts'
import { SshLine } from './ssh.ts'
import type { Target } from './target.ts'

export { ConnectionConfigError } from './config-error.ts'
export { connectionTarget, type Target } from './target.ts'

/** The connection to a host. It is established by the first `exec`. */
export const openConnection = (target: Target): Connection =>
  new ShellConnection(target.connection === 'local' ? new LocalLine(target.name) : new SshLine(target))
