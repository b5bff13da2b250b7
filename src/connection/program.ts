import type { Become } from './connection.ts'

/**
 * The command line that starts a session. Everyone on the target can read it, so it holds no secret, and any login
 * shell must understand it, so the quoted part has no `!`, backslash, single quote or newline.
 *
 * What runs drops its input until a line equal to `gate`: where sudo did not ask for the password, it is dropped here
 * and never taken for a command. Then a shell reads its program from stdin. The gate is also the session's token, by
 * which its processes are found after the line broke: see `interrupted.ts`. It stands in the environment by way of
 * `$line`, for sudo puts the command line into the environment of all that runs.
 */
export function sessionCommand(gate: string, become?: Become): string {
  // Where sudo may ask, its silence must be told from its question.
  const open = become?.password === undefined ? '' : `echo ${openSign(gate)} >&2; `
  const shell =
    `sh -c '${open}while IFS= read -r line; do [ "$line" = ${gate} ] || continue; ` +
    `export lb_session=$line; exec sh; done; exit 255'`
  if (become === undefined) return `exec ${shell}`
  // -k: a password that sudo remembers from an earlier call must not make a wrong one look right.
  const ask = become.password === undefined ? '-n' : `-S -k -p ${passwordPrompt(gate)}`
  return `exec env LC_ALL=C sudo -H ${ask} -u ${become.user} ${shell}`
}

/** What stands on stderr when the gate waits: sudo has not asked, or has its answer. */
export const openSign = (gate: string): string => `${gate}-open`

/** What sudo prints when it asks; `%p` becomes whose password it wants. Seen a second time, the password was wrong. */
const passwordPrompt = (gate: string): string => `${gate}-password-%p:`

/** Finds sudo's prompts in what it printed; the first group is whose password it wants. */
export const promptPattern = (gate: string): RegExp => new RegExp(passwordPrompt(gate).replace('%p', '([^:\\n]*)'), 'g')

/**
 * What is written first into a new session. The empty lines answer sudo if it refuses the password and asks again, so
 * that it never takes a script's lines for passwords.
 */
export function sessionOpening(gate: string, ready: string, password?: string): string {
  return `${password === undefined ? '' : `${password}${'\n'.repeat(10)}`}\n${gate}\n${program(gate, ready)}`
}

/**
 * The shell's program. It first makes sure that it came through the gate: a profile that starts another shell in place
 * of our command would run scripts without the rights that were asked for. Output goes by way of file descriptor 3, so
 * that a command substitution can take the script's process group without a further process.
 *
 * `timeout` ends a script, but no longer waits for it once the shell in it is dead: what is left of the process group
 * gets 5 s to end, then is killed.
 */
const program = (gate: string, ready: string): string => `
[ "$lb_session" = ${gate} ] || exit 255
LC_ALL=C; export LC_ALL; unset LANGUAGE; umask 022
lb_token=${gate}; unset lb_session
for lb_dir in /usr/local/sbin /usr/sbin /sbin; do
  case ":$PATH:" in *":$lb_dir:"*) ;; *) PATH=$PATH:$lb_dir ;; esac
done
export PATH
cd "\${HOME:-/}" 2>/dev/null || cd /
exec 3>&1
if command -v timeout >/dev/null; then
  lb_shell() { lb_script=$lb_pid.$lb_token; export lb_script; exec timeout -k 5 "$1" sh >&3 3>&-; }
else
  lb_shell() { lb_script=$lb_pid.$lb_token; export lb_script; exec sh >&3 3>&-; }
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
    lb_wait=5
    while [ "$lb_wait" -gt 0 ] && kill -0 "-$lb_group"; do sleep 1; lb_wait=$((lb_wait - 1)); done 2>/dev/null
    kill -9 "-$lb_group" 2>/dev/null
  fi
  printf '\\n%s %s %s\\n' "$1" "$3" "$lb_late"
  printf '\\n%s\\n' "$1" >&2
}
printf '\\n%s\\n' ${ready}; printf '\\n%s\\n' ${ready} >&2
`

/**
 * A script as the session's shell takes it: in a here-document, which leaves the session intact whatever the script
 * does to its own stdin or syntax. Both shells read a whole `{ ... }` before they run any of it, so a text that was cut
 * off on its way does nothing. The `:` is for a script of nothing but comments, which no shell takes in braces.
 */
export function exchangeText(script: string, mark: string, timeLimitSeconds: number): string {
  const limit = Math.max(1, Math.ceil(timeLimitSeconds))
  return `{ lb_run ${mark} ${limit} <<'${mark}'
{ unset lb_script; { :
${script}
} </dev/null; exit; }
${mark}
lb_end ${mark} ${limit} "$?"; }
`
}
