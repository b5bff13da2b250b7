/** Messages of sudo (in LC_ALL=C), and what they mean to the user. The first match counts. */
const REASONS: readonly [RegExp, (who: BecomeContext) => string][] = [
  [
    /incorrect (password|authentication)|Sorry, try again|Authentication fail|no password was provided/i,
    ({ host, login, passwordUser: asked }) =>
      asked === login
        ? `sudo rejected the password of ${login}: enter the right one with -K, or correct ansible_become_password`
        : `sudo asks for the password of ${asked}, not of ${login} (rootpw, targetpw or runaspw in the sudoers of ${host}), ` +
          `and rejected the one it got: enter the password of ${asked} with -K, or set ansible_become_password`,
  ],
  [
    /a password is required|a terminal is required|interactive authentication is required/i,
    ({ login }) => `sudo asks ${login} for a password, and none is set: run with -K, or set ansible_become_password`,
  ],
  [
    /not in the sudoers|not allowed to (execute|run)|may not run sudo|I'm afraid I can't do that/,
    ({ login, user, host }) =>
      `${login} may not become ${user}: allow it in /etc/sudoers.d on ${host}, or log in as a user who may (ansible_user)`,
  ],
  [
    /must have a tty/,
    ({ login, host }) => `sudo requires a terminal: put "Defaults:${login} !requiretty" into /etc/sudoers.d on ${host}`,
  ],
  [
    /unknown user|unable to find user|user '[^']*' not found/,
    ({ user, host }) =>
      `become user "${user}" does not exist on ${host}: correct ansible_become_user, or create the user first`,
  ],
  [
    /(?:^|[\s\u2018'"/])sudo\S*: (not found|No such file|command not found)|env: \S+: (No such file|Permission denied)/m,
    ({ login, user, host, exe }) =>
      exe !== undefined && exe !== 'sudo'
        ? `"${exe}" cannot be run on ${host}: correct ansible_become_exe`
        : `sudo is not installed: install it on ${host} as root, or log in as ${user} in place of ${login} (ansible_user)`,
  ],
]

export interface BecomeContext {
  readonly host: string
  readonly login: string
  readonly user: string
  /** The program that was called as sudo. */
  readonly exe?: string | undefined
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

/** sudo-rs puts the prompt that it was given into brackets, before the one of PAM: `[sudo: PROMPT] Password: `. */
const PROMPT_OF_PAM = /^\]\s*([^\n]*?:)\s*/

/**
 * The message when sudo prompts a second time.
 *
 * @param between - the output between the two prompts.
 * @param after - the output since then.
 */
export function explainPasswordRefusal(who: BecomeContext, between: string, after: string): string {
  const [first, second] = [between, after].map((text) => PROMPT_OF_PAM.exec(text)?.[1])
  const { host, login, user } = who
  const said = between.replace(PROMPT_OF_PAM, '').replace(/\[sudo\S*: *$/, '')
  const text = said.replace(REJECTED, '').trim()
  // sudo puts its own prompt in the place of most others, sudo-rs before them.
  const isOther = second !== undefined && second !== first
  if (isOther || said.trim() === '' || /[:?]$/.test(text)) {
    const question = isOther ? second : text.split('\n').at(-1)?.trim()
    const quoted = question === undefined || question === '' ? '' : `: "${question}"`
    return (
      `${host}: sudo asks ${login} for more than a password to become ${user}${quoted}. Labbook cannot answer that: ` +
      `exempt ${login} from it in the PAM configuration of sudo on ${host}, or log in as ${user} (ansible_user)`
    )
  }
  const rejected = explainBecomeFailure(who, 'Sorry, try again.')
  return text === '' ? rejected : `${rejected}; sudo printed: ${text.replace(/\s*\n\s*/g, ' ')}`
}

/** What sudo and sudo-rs print before they ask for a rejected password again. */
const REJECTED = /(sudo: )?Authentication failed, try again\.|Sorry, try again\./g

/** The message when sudo neither starts a shell nor exits. */
export const becomeTimeoutMessage = (
  { host, login, user }: BecomeContext,
  seconds: number,
  lastOutput: string,
): string =>
  `${host}: sudo did not start a shell as ${user} for ${login} within ${seconds} s; last output: ${lastOutput}. It may ask ` +
  `for more than a password, or wait for a directory service: try "sudo -u ${user} true" on ${host}`
