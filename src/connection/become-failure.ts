/** Words of sudo (in LC_ALL=C), what they mean, and how to mend it. The first that fits counts. */
const REASONS: readonly [RegExp, (who: Who) => string][] = [
  [
    /incorrect password|Sorry, try again|Authentication failure|no password was provided/,
    ({ host, login, asked }) =>
      asked === login
        ? `sudo refused the password for ${login}: give the right one with -K, or correct ansible_become_password`
        : `sudo wants the password of ${asked} in place of ${login}'s (rootpw, targetpw or runaspw in the sudoers of ${host}), and ` +
          'refused the one it was given: give that one with -K, or set ansible_become_password',
  ],
  [
    /a password is required|a terminal is required/,
    ({ login }) => `sudo asks ${login} for a password, and none is given: run with -K, or set ansible_become_password`,
  ],
  [
    /not in the sudoers|not allowed to (execute|run)|may not run sudo/,
    ({ login, user, host }) =>
      `${login} may not become ${user}: allow it in /etc/sudoers.d on ${host}, or log in as a user who may (ansible_user)`,
  ],
  [
    /must have a tty/,
    ({ login, host }) => `sudo wants a terminal: put "Defaults:${login} !requiretty" into /etc/sudoers.d on ${host}`,
  ],
  [
    /unknown user|unable to find user/,
    ({ user, host }) =>
      `there is no user ${user} on ${host} to become: correct ansible_become_user, or create the user first`,
  ],
  [
    /sudo\W*: (not found|No such file)|sudo: command not found/,
    ({ login, user, host }) =>
      `sudo is not installed: install it on ${host} as root, or log in as ${user} in place of ${login} (ansible_user)`,
  ],
]

export interface Who {
  readonly host: string
  readonly login: string
  readonly user: string
  /** Whose password sudo asked for. */
  readonly asked: string
}

/** One line on why sudo did not start a shell, from what it printed. */
export function explainBecomeFailure(who: Who, printed: string): string {
  const { host, login, user } = who
  for (const [pattern, explain] of REASONS) {
    if (pattern.test(printed)) return `${host}: ${explain(who)}`
  }
  const lines = printed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const said = lines.findLast((line) => line.startsWith('sudo:')) ?? lines.at(-1) ?? 'nothing'
  return `${host}: ${login} could not become ${user}; sudo said: ${said}`
}

/** The message for a password that sudo asked for again. */
export const wrongPassword = (who: Who): string => explainBecomeFailure(who, 'Sorry, try again.')

/** The message for a sudo that neither started a shell nor gave up. */
export const becomeStalled = ({ host, login, user }: Who, seconds: number, said: string): string =>
  `${host}: sudo did not make ${login} into ${user} within ${seconds} s; it last said: ${said}. It may ask for more than a ` +
  `password, or wait for a directory service: try "sudo -u ${user} true" on ${host}`
