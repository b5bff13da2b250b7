/** The scripts of a fault that also ends by itself, in case the run is killed. */
export interface LimitedFault {
  readonly recover: string
  /** Part of the injection: recovers after a while, without the connection. */
  readonly timer: string
}

/**
 * The timer does nothing if the fault was recovered or injected again meanwhile: a file has the latest injection.
 *
 * @param name - of the fault, on this node.
 * @param undo - shell command. Idempotent.
 */
export function limitedFault(name: string, undo: string, seconds: number): LimitedFault {
  const latest = `/run/labbook-${name}.id`
  // The file is what lets the timer undo the fault, so it stays until the fault is undone.
  const recover = `{ ${undo}; } && rm -f ${latest}`
  const timer = [
    `lb_id=$(cat /proc/sys/kernel/random/uuid); echo "$lb_id" >${latest}`,
    `(sleep ${seconds}; [ "$(cat ${latest})" != "$lb_id" ] || { ${recover}; }) >/dev/null 2>&1 </dev/null &`,
  ].join('\n')
  return { recover, timer }
}
