import type { Target } from './target.ts'

/** What Node and ssh2 tell about a failed connect. */
export interface ConnectError extends Error {
  readonly code?: string
  /** ssh2: at which step. */
  readonly level?: string
}

/** Did the server hang up on us before it said a word? So does one that is asked for too many logins at once. */
export const wasTurnedAway = ({ code, message }: ConnectError): boolean =>
  code === 'ECONNRESET' || /before handshake|No response from server/.test(message)

/** One line: which host, what happened, and how to mend it. `greeting`: what a server said that turned us away. */
export function explainConnectFailure(target: Target, error: ConnectError, tried: string, greeting = ''): string {
  const { name, address, port, user, bindAddress, connectTimeoutSeconds } = target
  const where = `${address} port ${port}`
  const explain = (what: string): string => `${name}: ${what}`
  switch (error.code ?? '') {
    case 'EADDRNOTAVAIL':
      return explain(
        `this machine has no address ${bindAddress} to connect from; if ${name} is a lab node, bring the ` +
          'lab up: npx zx playbooks/lab.mjs up',
      )
    case 'ECONNREFUSED':
      return explain(`nothing listens at ${where}: start sshd there, or correct ansible_host or ansible_port`)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return explain(`the name ${address} has no address: correct ansible_host, or this machine's DNS`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return explain(`there is no way to ${where}: check that the machine is up, and the network between`)
  }
  if (error.level === 'client-authentication') {
    return explain(
      `${where} does not let ${user} in with ${tried}: put the public key there (ssh-copy-id -p ${port} ` +
        `${user}@${address}), or correct ansible_user or ansible_ssh_private_key_file`,
    )
  }
  if (error.code === 'ETIMEDOUT' || error.level === 'client-timeout') {
    return explain(
      `no answer from ${where} within ${connectTimeoutSeconds} s: check that the machine is up and ` +
        'ansible_host is right, or raise ansible_ssh_timeout',
    )
  }
  if (wasTurnedAway(error)) {
    const said = greeting === '' ? '' : ` and said: ${greeting}`
    return explain(
      `${where} closed the connection at once${said}. Is it sshd that listens there? Its log says why ` +
        '(journalctl -u ssh); MaxStartups in its sshd_config limits logins at the same time',
    )
  }
  return explain(`cannot connect to ${where}: ${error.message}`)
}
