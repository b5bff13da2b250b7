import type { LoginRecord } from './login-record.ts'
import type { ConnectionSettings } from './settings.ts'

/** An error of Node or ssh2 while connecting. */
export interface ConnectError extends Error {
  readonly code?: string
  /** ssh2: the step that failed. */
  readonly level?: string
}

/** As much as is quoted of what a server prints. */
const MOST_CHARACTERS = 400

/** Explains why a server that was reached did not let the user in. */
export function explainDenial(target: ConnectionSettings, error: ConnectError, login: LoginRecord): string {
  const { address, port, user, connectTimeoutSeconds } = target
  const where = `${address} port ${port}`
  const quoted = printed(login.messages, '. It printed: ')
  if (login.unanswered !== undefined) {
    return (
      `${where} asks ${user} for more than a password: "${login.unanswered}"${quoted}. Labbook cannot answer that: ` +
      'log in with a key, or as a user without a second factor (ansible_user)'
    )
  }
  if (error.code === 'ETIMEDOUT' || error.level === 'client-timeout') {
    return login.isAgentBusy
      ? `the SSH agent did not sign within ${connectTimeoutSeconds} s for the login of ${user} at ${where}: confirm the ` +
          'use of its key or touch the security key in time, raise ansible_ssh_timeout, or restart the agent'
      : `${where} did not complete the login of ${user} within ${connectTimeoutSeconds} s${quoted}. PAM, a directory ` +
          'service or DNS may be slow there (journalctl -u ssh): raise ansible_ssh_timeout'
  }
  const methods = [...login.offered].join(', ')
  if (/Too many authentication failures/.test(error.message)) {
    const advice =
      login.agentKeys > 1
        ? `The SSH agent has ${login.agentKeys} keys: name the right one with ansible_ssh_private_key_file, or set ` +
          'ansible_ssh_common_args to -o IdentitiesOnly=yes'
        : remedy(target, login)
    return `${where} denied ${user} access after too many attempts with ${methods}${quoted}. ${advice}`
  }
  if (error.level === 'client-authentication') {
    const accepted = [...login.accepted].join(', ')
    const denied =
      accepted !== ''
        ? `accepted ${accepted} of ${user}, but demands another method (${login.listed?.join(', ')}) too`
        : methods === ''
          ? `accepts only ${login.listed?.join(', ') ?? 'other methods'} from ${user}`
          : `denied ${user} access with ${methods}`
    return `${where} ${denied}${quoted === '' ? ': ' : `${quoted}. Possible remedies: `}${remedy(target, login)}`
  }
  if (error.level === 'closed' || error.code === 'ECONNRESET') {
    return (
      `${where} closed the connection while ${user} logged in with ${methods}${quoted}. The account may be expired or ` +
      'locked, or PAM may refuse it (/etc/nologin, access.conf): the log there has the reason (journalctl -u ssh)'
    )
  }
  return `${where} ended the login of ${user}: ${error.message}${quoted}`
}

/** What helps against a denial, by what was offered. */
function remedy({ address, port, user, password }: ConnectionSettings, login: LoginRecord): string {
  const advice: string[] = []
  const wasOffered = (what: string): boolean => [...login.offered].some((label) => label.startsWith(what))
  if (wasOffered('the key')) {
    advice.push(
      `install the public key there (ssh-copy-id -p ${port} ${user}@${address})`,
      'correct ansible_user or ansible_ssh_private_key_file',
    )
  }
  if (wasOffered('the certificate')) {
    advice.push(
      'check the certificate (ssh-keygen -L -f FILE): its principals, its validity, and TrustedUserCAKeys there',
    )
  }
  if (wasOffered('the password')) advice.push('correct ansible_password or ansible_user')
  else if (password !== undefined) advice.push(`ansible_password was not sent: sshd there accepts no passwords`)
  else if (login.listed !== undefined && !login.listed.includes('publickey')) advice.push('set ansible_password')
  return [advice.join(', or '), ...login.problems].filter(Boolean).join('; ')
}

/** Text of the server on one line, without its last period, after `lead`; empty without any. */
export function printed(lines: readonly string[], lead: string): string {
  const text = [...new Set(lines.map((line) => line.replace(CONTROL, ' ').trim()).filter(Boolean))]
    .join(' ')
    .replace(/\.+$/, '')
  if (text === '') return ''
  return lead + (text.length > MOST_CHARACTERS ? `... ${text.slice(-MOST_CHARACTERS)}` : text)
}

/** Such characters would reach the terminal. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g
