import type { LoginRecord } from './login-record.ts'
import type { ConnectionSettings } from './settings.ts'
import { type ConnectError, explainDenial, printed } from './login-failure.ts'
import { tooManyFiles } from './private-key.ts'
import { NO_ADDRESS_OF_FAMILY } from './tcp-connect.ts'

/** Whether the server closed the connection, as sshd does before the handshake over its `MaxStartups`. */
export const wasDroppedBeforeHandshake = ({ code, message, level }: ConnectError): boolean =>
  code === 'ECONNRESET' || level === 'closed' || /before handshake/.test(message)

/** What is known of a connection that failed. */
export interface ConnectRecord {
  /** What the server printed in place of its SSH version. */
  readonly greeting?: string
  /** The server's algorithms, if none of them is supported. */
  readonly mismatch?: string | undefined
  /** Set once the handshake is complete. */
  readonly login?: LoginRecord | undefined
}

/** Explains a failed connect in one line: the host, the cause, and what to do. */
export function explainConnectFailure(
  target: ConnectionSettings,
  error: ConnectError,
  { greeting = '', mismatch, login }: ConnectRecord = {},
): string {
  const { name, address, port, bindAddress, connectTimeoutSeconds } = target
  const where = `${address} port ${port}`
  const explain = (what: string): string => `${name}: ${what}`
  switch (error.code ?? '') {
    case 'EADDRNOTAVAIL':
      return explain(
        `the controller has no address ${bindAddress} to connect from; if ${name} is a lab node, start the lab`,
      )
    case NO_ADDRESS_OF_FAMILY:
      return explain(`BindAddress ${bindAddress} cannot reach "${address}": ${error.message}; correct either`)
    case 'ECONNREFUSED':
      return explain(`connection refused by ${where}: start sshd there, or correct ansible_host or ansible_port`)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return explain(`cannot resolve host name "${address}": correct ansible_host, or the controller's DNS`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return explain(`no route to ${where}: check that the host is up, and the network in between`)
    case 'EMFILE':
    case 'ENFILE':
      return explain(`cannot connect to ${where}: ${tooManyFiles(String(error.code))}`)
  }
  if (login !== undefined) return explain(explainDenial(target, error, login))
  if (mismatch !== undefined) return explain(`${where} ${mismatch}`)
  if (error.code === 'ETIMEDOUT' || error.level === 'client-timeout') {
    return explain(
      `connection to ${where} timed out after ${connectTimeoutSeconds} s: check that the host is up and ` +
        'ansible_host is right, or raise ansible_ssh_timeout',
    )
  }
  if (wasDroppedBeforeHandshake(error)) {
    return explain(
      `${where} closed the connection before the handshake${printed([greeting], ' and printed: ')}. Check that sshd ` +
        'listens there. Its log has the reason (journalctl -u ssh); MaxStartups in its sshd_config limits concurrent ' +
        'logins',
    )
  }
  return explain(`cannot connect to ${where}: ${error.message}`)
}
