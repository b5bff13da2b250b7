import { sh } from '../../../shell/quote.ts'

/*
 * A CPU that the nodes of a lab do not use, for the load generator: both run on the same kernel. The nodes' cpusets
 * lose it, with those of their containers. cgroup v1 allows no child a CPU that its parent lacks, so that children lose
 * it first and get it back last.
 */

const groups = (units: readonly string[]): string => sh`units=${units.join(' ')}
lb_groups() { # cpuset of each node
  for lb_unit in $units; do
    find /sys/fs/cgroup -maxdepth 8 -type d -name "$lb_unit" 2>/dev/null | while read -r lb_group; do
      [ ! -e "$lb_group/cpuset.cpus" ] || echo "$lb_group"
    done
  done
}
lb_cpus_above() { cat "$1/../cpuset.effective_cpus" 2>/dev/null || cat "$1/../cpuset.cpus.effective"; }
lb_numbers() { echo "$1" | tr , '\\n' | while IFS=- read -r lb_from lb_to; do seq "$lb_from" "\${lb_to:-$lb_from}"; done; }
`

/** Prints the number of the reserved CPU; nothing if the machine has only one. */
export const reserveCpu = (units: readonly string[]): string => `${groups(units)}
reserved=
for group in $(lb_groups); do
  all=$(lb_numbers "$(lb_cpus_above "$group")")
  reserved=$(echo "$all" | tail -n 1)
  others=$(echo "$all" | sed '$d' | paste -sd, -)
  [ -n "$others" ] || exit 0
  # A container's separate cpuset stays, where it does not use that CPU.
  find "$group" -depth -type d | while read -r each; do
    own=$(cat "$each/cpuset.cpus" 2>/dev/null)
    if [ "$each" = "$group" ] || lb_numbers "\${own:--1}" | grep -qx "$reserved"; then
      echo "$others" >"$each/cpuset.cpus" || exit
    fi
  done || exit
done
[ -z "$reserved" ] || echo "$reserved"
`

/** Idempotent: also works if no CPU was reserved. */
export const releaseCpu = (units: readonly string[]): string => `${groups(units)}
for group in $(lb_groups); do
  all=$(lb_cpus_above "$group")
  others=$(lb_numbers "$all" | sed '$d' | paste -sd, -)
  [ -n "$others" ] || continue
  narrow=$(cat "$group/cpuset.cpus")
  [ "$(lb_numbers "$narrow" | paste -sd, -)" = "$others" ] || continue
  find "$group" -type d | while read -r each; do
    own=$(cat "$each/cpuset.cpus" 2>/dev/null)
    if [ "$own" = "$narrow" ]; then echo "$all" >"$each/cpuset.cpus" || exit; fi
  done || exit
done
`
