/** The delay between SIGTERM and SIGKILL of `timeout`; see `session-program.ts`. */
const KILL_AFTER_SECONDS = 5
/** After this time a process cannot be killed: it waits for a missing disk, for example. */
const HOPELESS_SECONDS = 10
/** A session's shell may use this time to end what is left of a script that exceeded its time limit. */
const SHELL_ENDS_SECONDS = KILL_AFTER_SECONDS + 1
/** The unit of a process's start time in /proc/PID/stat (`getconf CLK_TCK`): 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** The time limit of {@link cleanupScript}, in seconds. */
export const cleanupTimeLimit = (leftSeconds: number): number => Math.max(0, leftSeconds) + 4 * HOPELESS_SECONDS

/**
 * Ends everything an interrupted session left running; exits with 1 if it cannot. A script may use the rest of its time
 * limit: killing a package manager halfway does more harm than waiting for it.
 *
 * Pids are reused, so processes are identified by the token in their initial environment (/proc/PID/environ): a
 * session's shell by `lb_session=TOKEN`, the leader of a script's process group by `lb_script=PID.TOKEN`. Before the
 * shell has started, the token is in its command line. Processes of other users are not touched (`-O`), nor sudo,
 * which may kill its command when it is killed.
 *
 * If `timeout` ended a script, the rest of its process group is killed. After a script that ended in time, the rest is
 * left: it was meant to keep running. The host's clock tells which: the time limit runs since the group's leader
 * started. The controller learns of the start later, and counted sleeps are longer than a second on a busy host.
 *
 * @param leftSeconds - the rest of the script's time limit, as the controller knows it.
 * @param limitSeconds - the script's time limit.
 */
export const cleanupScript = (token: string, leftSeconds: number, limitSeconds: number): string => `
lb_now() { read -r lb_up lb_idle </proc/uptime || lb_up=0; lb_up=\${lb_up%%.*}; }
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
  [ "$lb_tries" -lt ${SHELL_ENDS_SECONDS + HOPELESS_SECONDS} ] || { echo $lb_pids; exit 1; }
  lb_signal=TERM
  [ "$lb_tries" -lt ${SHELL_ENDS_SECONDS} ] || lb_signal=KILL
  kill -s "$lb_signal" $lb_pids 2>/dev/null
  [ "$lb_tries" -eq 0 ] || sleep 1
  lb_tries=$((lb_tries + 1))
done
lb_leads() { grep -q "lb_script=$1[.]${token}" "/proc/$1/environ" 2>/dev/null; }
lb_ends() {
  read -r lb_stat <"/proc/$1/stat" || return
  set -- \${lb_stat##*) }
  shift 19
  echo $(($1 / ${TICKS_PER_SECOND} + ${Math.ceil(limitSeconds)}))
}
lb_now
lb_until=$((lb_up + ${Math.ceil(leftSeconds)}))
for lb_pid in $(lb_own environ 'lb_script=[0-9]*[.]${token}'); do
  lb_end=$(lb_ends "$lb_pid" 2>/dev/null)
  lb_leads "$lb_pid" || continue
  while lb_leads "$lb_pid"; do
    lb_now
    lb_over=$((lb_up - lb_until))
    [ "$lb_over" -lt ${2 * HOPELESS_SECONDS} ] || { echo "$lb_pid"; exit 1; }
    [ "$lb_over" -lt ${HOPELESS_SECONDS} ] || kill -9 "-$lb_pid" 2>/dev/null || kill -9 "$lb_pid" 2>/dev/null
    sleep 1
  done
  lb_now
  [ "$lb_up" -ge "\${lb_end:-$lb_until}" ] || [ "$lb_up" -ge "$lb_until" ] || continue
  lb_wait=${KILL_AFTER_SECONDS}
  while [ "$lb_wait" -gt 0 ] && kill -0 "-$lb_pid" 2>/dev/null; do sleep 1; lb_wait=$((lb_wait - 1)); done
  kill -9 "-$lb_pid" 2>/dev/null
done
exit 0
`

/**
 * Sends SIGHUP to a script; `timeout` kills it if it ignores that. Without `timeout` on the host there is no process
 * group, only the shell.
 */
export const hangUpScript = (group: number): string => `kill -HUP -${group} 2>/dev/null || kill -HUP ${group}`
