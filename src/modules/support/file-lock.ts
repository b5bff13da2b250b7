/** Exit code of a script that changed nothing, as the file is not the one that the change was planned for. */
export const CHANGED_MEANWHILE = 75

const TENTHS = 600

/**
 * Shell text that locks the directory `$lb_in` until the script ends: scripts that replace a file there go one after
 * another. The lock belongs to an open file, so the kernel releases it with the last process that has it. A host
 * without flock(1) gets a lock directory, which names its process; remove `$lb_lock` at the end.
 */
export const lockDirectory = [
  'lb_n=0 lb_busy="another process has held the lock of $lb_in for a minute"',
  'if [ -r "$lb_in" ] && command -v flock >/dev/null; then',
  '  exec 9<"$lb_in" || exit',
  // 1: held by another process. Other codes: the file system has no locks.
  '  until flock -n 9 2>/dev/null || [ "$?" != 1 ]; do',
  `    lb_n=$((lb_n + 1)); [ "$lb_n" -lt ${TENTHS} ] || { echo "$lb_busy" >&2; exit 1; }; sleep 0.1; done`,
  'else',
  '  lb_mine=$lb_in.labbook.lock',
  '  until mkdir -- "$lb_mine" 2>/dev/null; do',
  '    lb_pid=; { read -r lb_pid <"$lb_mine/pid"; } 2>/dev/null',
  '    if [ -n "$lb_pid" ] && [ -d /proc/self ] && [ ! -d "/proc/$lb_pid" ]; then rm -rf -- "$lb_mine"; continue; fi',
  `    lb_n=$((lb_n + 1)); [ "$lb_n" -lt ${TENTHS} ] || { echo "$lb_busy: remove $lb_mine if that is not so" >&2; exit 1; }; sleep 0.1; done`,
  '  lb_lock=$lb_mine; echo "$$" >"$lb_lock/pid"',
  'fi',
].join('\n')

/**
 * Shell text that ends the script unless `$lb_to` has the content that the change was planned for.
 *
 * @param sha256 - of that content; null: there was nothing.
 */
export function requireUnchanged(sha256: string | null): string {
  const isUnchanged =
    sha256 === null
      ? '[ ! -e "$lb_to" ] && [ ! -L "$lb_to" ]'
      : `lb_sum=$(sha256sum <"$lb_to") && [ "\${lb_sum%% *}" = ${sha256} ]`
  return [
    `{ ${isUnchanged}; } 2>/dev/null || {`,
    `  echo "$lb_to was changed by another program at the same time" >&2; exit ${CHANGED_MEANWHILE}; }`,
  ].join('\n')
}
