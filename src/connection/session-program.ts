import type { Become } from './connection.ts'

/**
 * The command line that starts a session. All users of the host can read it, so it contains no secret. Any login shell
 * must parse it, so the quoted part has no `!`, backslash, single quote or newline.
 *
 * The command discards its input until a line equal to the handshake token: a password that sudo did not ask for is
 * discarded and never run as a command. Then a shell reads its program from stdin. The token also identifies the
 * session's processes after the connection was lost: see `interrupted-scripts.ts`. It gets into the environment through
 * `$line`, because sudo copies the command line into the environment of everything it runs.
 */
export function sessionCommand(token: string, become?: Become, sudo: SudoCommand = DEFAULT_SUDO): string {
  // If sudo may ask for a password, a marker shows that it did not.
  const open = become?.password === undefined ? '' : `echo ${inputReadyMarker(token)} >&2; `
  const start = (loop: string): string => `sh -c '${open}while IFS= read -r ${loop}; done; exit 255'`
  const shell = start(`line; do [ "$line" = ${token} ] || continue; export lb_session=$line; exec sh`)
  if (become === undefined) return `exec ${shell}`
  const inShell = start(`lb_session; do export lb_session; env | grep -qx lb_session=[l]${token.slice(1)} && exec sh`)
  const command = [sudo.exe, ...sudo.flags, ...passwordFlags(token, become, sudo), '-u', become.user]
  return `echo ${loggedInMarker(token)}; exec env LC_ALL=C ${command.join(' ')} ${startsShell(sudo) ? inShell : shell}`
}

/** The sudo of a host. */
export interface SudoCommand {
  readonly exe: string
  /** In addition to those for the user and the password. */
  readonly flags: readonly string[]
}

export const DEFAULT_SUDO: SudoCommand = { exe: 'sudo', flags: ['-H'] }

/** Whether sudo starts a shell for the command: that would expand each `$`, which sudo alone does not quote for it. */
const startsShell = ({ flags }: SudoCommand): boolean =>
  flags.some((flag) => flag === '--login' || flag === '--shell' || /^-[A-Za-z]*[is]/.test(flag))

function passwordFlags(token: string, { password }: Become, { flags }: SudoCommand): string[] {
  // -k: with cached credentials sudo would accept a wrong password.
  if (password !== undefined) return ['-S', '-k', '-p', passwordPrompt(token)]
  // With -A a program on the host has the password.
  return flags.some((flag) => flag === '--askpass' || /^-[A-Za-z]*A/.test(flag)) ? [] : ['-n']
}

/** The line that the login shell prints before it starts sudo: what fails without it is not sudo's fault. */
export const loggedInMarker = (token: string): string => `${token}-login`

/** The marker on stderr when the command waits for the token: sudo did not ask, or accepted the password. */
export const inputReadyMarker = (token: string): string => `${token}-open`

/** sudo's prompt; `%p` becomes the user whose password it asks for. A second prompt means a wrong password. */
const passwordPrompt = (token: string): string => `${token}-password-%p:`

/** Matches sudo's prompts; the first group is the user whose password it asks for. */
export const promptPattern = (token: string): RegExp =>
  new RegExp(passwordPrompt(token).replace('%p', '([^:\\n]*)'), 'g')

/**
 * The first input of a new session. The empty lines answer sudo if it rejects the password and asks again, so that it
 * never reads a script's lines as passwords.
 */
export function sessionPreamble(token: string, ready: string, password?: string): string {
  return `${password === undefined ? '' : `${password}${'\n'.repeat(10)}`}\n${token}\n${program(token, ready)}`
}

/** What the program prints if no shell can run scripts. */
export const NO_PRINTF = 'sh has no built-in printf, and there is neither dash nor bash'

/**
 * The shell's program. It first checks the handshake token: a profile that starts another shell in place of the command
 * would run scripts without the requested privileges. Output uses file descriptor 3, so that a command substitution can
 * capture the script's process group without another process.
 *
 * Scripts run in another shell where `sh` is mksh, for example, which has no `printf`: the program of that name takes
 * only short arguments and shows them to all users; and such a shell calculates with 32 bits.
 *
 * `timeout` kills a script, but stops waiting once the script's shell has exited: the rest of the process group gets
 * 5 s, then SIGKILL. During these, SIGTERM of `interrupted-scripts.ts` is ignored: no one else would kill the rest.
 */
const program = (token: string, ready: string): string => `
[ "$lb_session" = ${token} ] || exit 255
LC_ALL=C; export LC_ALL; unset LANGUAGE; umask 022
lb_token=${token}; unset lb_session
for lb_dir in /usr/local/sbin /usr/sbin /sbin; do
  case ":$PATH:" in *":$lb_dir:"*) ;; *) PATH=$PATH:$lb_dir ;; esac
done
export PATH
cd "\${HOME:-/}" 2>/dev/null || cd /
lb_sh=sh
PATH=/dev/null printf '' 2>/dev/null || for lb_sh in dash bash ''; do
  [ "$lb_sh" ] || { echo '${NO_PRINTF}' >&2; exit 255; }
  command -v "$lb_sh" >/dev/null && break
done
exec 3>&1
if command -v timeout >/dev/null; then
  lb_shell() { lb_script=$lb_pid.$lb_token; export lb_script; exec timeout -k 5 "$1" "$lb_sh" >&3 3>&-; }
else
  lb_shell() { lb_script=$lb_pid.$lb_token; export lb_script; exec "$lb_sh" >&3 3>&-; }
fi
lb_now() { read -r lb_up lb_idle </proc/uptime || lb_up=0; lb_up=\${lb_up%%.*}; }
lb_begin() {
  read -r lb_pid lb_rest </proc/self/stat || lb_pid=0
  printf '\\n%s %s\\n' "$1" "$lb_pid" >&3
  printf '\\n%s\\n' "$1" >&2
  echo "$lb_pid"
}
lb_run() {
  lb_now; lb_since=$lb_up
  lb_group=$(lb_begin "$1"; lb_shell "$2")
}
lb_end() {
  lb_late=
  case $3 in 124 | 137 | 143) lb_now; [ "$((lb_up - lb_since))" -lt "$2" ] || lb_late=late ;; esac
  if [ "$lb_late" ] && [ "\${lb_group:-0}" -gt 1 ]; then
    trap '' TERM
    lb_wait=5
    while [ "$lb_wait" -gt 0 ] && kill -0 "-$lb_group"; do sleep 1; lb_wait=$((lb_wait - 1)); done 2>/dev/null
    kill -9 "-$lb_group" 2>/dev/null
    trap - TERM
  fi
  printf '\\n%s %s %s\\n' "$1" "$3" "$lb_late"
  printf '\\n%s\\n' "$1" >&2
}
printf '\\n%s\\n' ${ready}; printf '\\n%s\\n' ${ready} >&2
`

/**
 * Wraps a script for the session's shell in a here-document, so that neither its use of stdin nor a syntax error can
 * break the session. Both shells read a complete `{ ... }` before they run any of it, so a truncated script has no
 * effect. The `:` is for scripts with nothing but comments, which are a syntax error in braces.
 */
export function wrapScript(script: string, mark: string, timeLimitSeconds: number): string {
  const limit = Math.max(1, Math.ceil(timeLimitSeconds))
  const end = `${endInitial(script)}${mark}`
  return `{ lb_run ${mark} ${limit} <<'${end}'
{ unset lb_script; { :
${script}
} </dev/null; exit; }
${end}
lb_end ${mark} ${limit} "$?"; }
`
}

/** Characters that end a here-document alike in all shells. */
const INITIALS = '@%+=:,./^_~-?*#|;&<>()[]$"!0123456789QXZJKYVqxzjkyvABCDEFGHILMNOPRSTUWabcdefghilmnoprstuw'.split('')

/**
 * A character with which no line of a script begins, or as few as possible. dash does not free a line that begins like
 * the end of its here-document until that ends, and crashes at half a million of them.
 */
function endInitial(script: string): string {
  const unused = INITIALS.find((initial) => !script.startsWith(initial) && !script.includes(`\n${initial}`))
  if (unused !== undefined) return unused
  const counts = new Map<string, number>()
  for (let at = 0; at >= 0; at = script.indexOf('\n', at) + 1 || -1) {
    const first = script.charAt(at)
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  return INITIALS.reduce((rarest, one) => ((counts.get(one) ?? 0) < (counts.get(rarest) ?? 0) ? one : rarest))
}
