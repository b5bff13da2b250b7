/** Messages of sudo (in LC_ALL=C), and what they mean to the user. The first match counts. */
const REASONS: readonly [RegExp, (who: BecomeContext) => string][] = [
  [
    /incorrect password|Sorry, try again|Authentication failure|no password was provided/,
    ({ host, login, passwordUser: asked }) =>
      asked === login
        ? `sudo rejected the password of ${login}: enter the right one with -K, or correct ansible_become_password`
        : `sudo asks for the password of ${asked}, not of ${login} (rootpw, targetpw or runaspw in the sudoers of ${host}), ` +
          `and rejected the one it got: enter the password of ${asked} with -K, or set ansible_become_password`,
  ],
  [
    /a password is required|a terminal is required/,
    ({ login }) => `sudo asks ${login} for a password, and none is set: run with -K, or set ansible_become_password`,
  ],
  [
    /not in the sudoers|not allowed to (execute|run)|may not run sudo/,
    ({ login, user, host }) =>
      `${login} may not become ${user}: allow it in /etc/sudoers.d on ${host}, or log in as a user who may (ansible_user)`,
  ],
  [
    /must have a tty/,
    ({ login, host }) => `sudo requires a terminal: put "Defaults:${login} !requiretty" into /etc/sudoers.d on ${host}`,
  ],
  [
    /unknown user|unable to find user/,
    ({ user, host }) =>
      `become user "${user}" does not exist on ${host}: correct ansible_become_user, or create the user first`,
  ],
  [
    /sudo\W*: (not found|No such file)|sudo: command not found/,
    ({ login, user, host }) =>
      `sudo is not installed: install it on ${host} as root, or log in as ${user} in place of ${login} (ansible_user)`,
  ],
]

export interface BecomeContext {
  readonly host: string
  readonly login: string
  readonly user: string
  /** Whose password sudo asked for. */
  readonly passwordUser: string
}

/** Explains in one line why sudo did not start a shell, from its output. */
export function explainBecomeFailure(who: BecomeContext, printed: string): string {
  const { host, login, user } = who
  for (const [pattern, explain] of REASONS) {
    if (pattern.test(printed)) return `${host}: ${explain(who)}`
  }
  const lines = printed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const lastLine = lines.findLast((line) => line.startsWith('sudo:')) ?? lines.at(-1) ?? 'nothing'
  return `${host}: ${login} could not become ${user}; sudo printed: ${lastLine}`
}

/** The message when sudo asks for the password a second time. */
export const wrongPasswordMessage = (who: BecomeContext): string => explainBecomeFailure(who, 'Sorry, try again.')

/** The message when sudo neither starts a shell nor exits. */
export const becomeTimeoutMessage = (
  { host, login, user }: BecomeContext,
  seconds: number,
  lastOutput: string,
): string =>
  `${host}: sudo did not start a shell as ${user} for ${login} within ${seconds} s; last output: ${lastOutput}. It may ask ` +
  `for more than a password, or wait for a directory service: try "sudo -u ${user} true" on ${host}`
