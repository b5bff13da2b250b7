import type { ConnectionSettings } from './connection-settings.ts'

/** An error of Node or ssh2 while connecting. */
export interface ConnectError extends Error {
  readonly code?: string
  /** ssh2: the step that failed. */
  readonly level?: string
}

/** Whether the server closed the connection before the handshake, as sshd does over its `MaxStartups`. */
export const wasDroppedBeforeHandshake = ({ code, message }: ConnectError): boolean =>
  code === 'ECONNRESET' || /before handshake|No response from server/.test(message)

/**
 * Explains a failed connect in one line: the host, the cause, and what to do.
 *
 * @param preBanner - what the server printed before it closed the connection.
 */
export function explainConnectFailure(
  target: ConnectionSettings,
  error: ConnectError,
  methods: string,
  preBanner = '',
): string {
  const { name, address, port, user, bindAddress, connectTimeoutSeconds } = target
  const where = `${address} port ${port}`
  const explain = (what: string): string => `${name}: ${what}`
  switch (error.code ?? '') {
    case 'EADDRNOTAVAIL':
      return explain(
        `the controller has no address ${bindAddress} to connect from; if ${name} is a lab node, start the lab`,
      )
    case 'ECONNREFUSED':
      return explain(`connection refused by ${where}: start sshd there, or correct ansible_host or ansible_port`)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return explain(`cannot resolve host name "${address}": correct ansible_host, or the controller's DNS`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return explain(`no route to ${where}: check that the host is up, and the network in between`)
  }
  if (error.level === 'client-authentication') {
    return explain(
      `${where} denied ${user} access with ${methods}: install the public key there (ssh-copy-id -p ${port} ` +
        `${user}@${address}), or correct ansible_user or ansible_ssh_private_key_file`,
    )
  }
  if (error.code === 'ETIMEDOUT' || error.level === 'client-timeout') {
    return explain(
      `connection to ${where} timed out after ${connectTimeoutSeconds} s: check that the host is up and ` +
        'ansible_host is right, or raise ansible_ssh_timeout',
    )
  }
  if (wasDroppedBeforeHandshake(error)) {
    const printed = preBanner === '' ? '' : ` and printed: ${preBanner}`
    return explain(
      `${where} closed the connection before the handshake${printed}. Check that sshd listens there. Its log has the reason ` +
        '(journalctl -u ssh); MaxStartups in its sshd_config limits concurrent logins',
    )
  }
  return explain(`cannot connect to ${where}: ${error.message}`)
}
