/** For how long `timeout` waits before it kills what goes on after its limit; see `program.ts`. */
const KILL_AFTER_SECONDS = 5
/** A shell that nothing ends: it waits for a disk that is gone, say. */
const HOPELESS_SECONDS = 10

/** How long {@link settleText} takes at most, in seconds. */
export const settleLimit = (leftSeconds: number): number => Math.max(0, leftSeconds) + 3 * HOPELESS_SECONDS

/**
 * Makes sure that nothing of an interrupted session runs or comes yet, and tells by its exit code if it cannot. `left`:
 * the seconds that the session's script still has of its own time limit. So long it may run: a package manager that is
 * cut in the middle does more harm than one that is waited for.
 *
 * Pids are used again, so processes are known by the token that they started with in their environment (in /proc, which
 * shows it whatever the process does to it later): a session's shell by `lb_session=TOKEN`, and the process that leads
 * a script by `lb_script=PID.TOKEN`. Before there is a session's shell, the token stands in the command line of what
 * starts it. Nobody else's process is touched (`-O`), nor sudo, which may take its command with it when it is killed.
 */
export const settleText = (token: string, leftSeconds: number): string => `
lb_own() {
  grep -l "$2" /proc/[0-9]*/"$1" 2>/dev/null | while IFS=/ read -r lb_a lb_b lb_pid lb_c; do
    read -r lb_name <"/proc/$lb_pid/comm" || continue
    case $lb_name in sudo | env) continue ;; esac
    [ -O "/proc/$lb_pid" ] && echo "$lb_pid"
  done 2>/dev/null
}
lb_shells() { lb_own cmdline '[${token[0]}]${token.slice(1)}'; lb_own environ 'lb_session=${token}'; }
lb_tries=0
while lb_pids=$(lb_shells); [ "$lb_pids" ]; do
  [ "$lb_tries" -lt ${HOPELESS_SECONDS} ] || { echo $lb_pids; exit 1; }
  kill -9 $lb_pids 2>/dev/null
  [ "$lb_tries" -eq 0 ] || sleep 1
  lb_tries=$((lb_tries + 1))
done
lb_leads() { grep -q "lb_script=$1[.]${token}" "/proc/$1/environ" 2>/dev/null; }
lb_left=${Math.ceil(leftSeconds)}
for lb_pid in $(lb_own environ 'lb_script=[0-9]*[.]${token}'); do
  lb_leads "$lb_pid" || continue
  while lb_leads "$lb_pid"; do
    [ "$lb_left" -gt -${2 * HOPELESS_SECONDS} ] || { echo "$lb_pid"; exit 1; }
    [ "$lb_left" -gt -${HOPELESS_SECONDS} ] || kill -9 "-$lb_pid" 2>/dev/null || kill -9 "$lb_pid" 2>/dev/null
    sleep 1
    lb_left=$((lb_left - 1))
  done
  [ "$lb_left" -le 0 ] || continue
  lb_wait=${KILL_AFTER_SECONDS}
  while [ "$lb_wait" -gt 0 ] && kill -0 "-$lb_pid" 2>/dev/null; do sleep 1; lb_wait=$((lb_wait - 1)); done
  kill -9 "-$lb_pid" 2>/dev/null
done
exit 0
`

/**
 * Hangs up a script; `timeout` kills what does not listen to that. Without `timeout` on the target there is no group,
 * only the shell.
 */
export const hangUpText = (group: number): string => `kill -HUP -${group} 2>/dev/null || kill -HUP ${group}`
