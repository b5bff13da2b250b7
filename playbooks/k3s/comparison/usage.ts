import { type LabContext } from '../../messages/say.ts'

/** systemd units whose cgroups contain the orchestrator's processes. */
export const UNITS = {
  swarm: ['docker.service', 'containerd.service'],
  k3s: ['k3s.service', 'k3s-agent.service'],
} as const

/**
 * Script that prints for all processes of these units: their number, memory (PSS, kB), CPU time (ticks), and the ticks
 * per second. Pods and containers have their own cgroups and are not counted.
 */
export const usageScript = (units: readonly string[]): string =>
  `
count=0 memory=0 ticks=0
for p in /proc/[0-9]*; do
  case $(cat "$p/cgroup" 2>/dev/null) in ${units.map((unit) => `*/${unit}|*/${unit}[!A-Za-z0-9/]*`).join('|')}) ;; *) continue ;; esac
  kb=$(sed -n 's/^Pss:[^0-9]*\\([0-9]*\\).*/\\1/p' "$p/smaps_rollup" 2>/dev/null); [ -n "$kb" ] || continue
  used=$(sed 's/.*) //' "$p/stat" 2>/dev/null | awk '{ print $12 + $13 }'); [ -n "$used" ] || continue
  count=$((count + 1)) memory=$((memory + kb)) ticks=$((ticks + used))
done
echo "$count $memory $ticks $(getconf CLK_TCK) $(cut -d ' ' -f 1 /proc/uptime)"`.trim()

interface Usage {
  readonly processes: number
  readonly megabytes: number
  readonly cpuSeconds: number
  readonly at: number
}

/** @returns undefined if there is no process. */
export function parseUsage(stdout: string): Usage | undefined {
  const [processes = 0, kilobytes = 0, ticks = 0, perSecond = 100, at = 0] = stdout.trim().split(/\s+/).map(Number)
  return processes > 0 ? { processes, megabytes: kilobytes / 1024, cpuSeconds: ticks / perSecond, at } : undefined
}

/** CPU and memory usage of the idle orchestrator, per node. */
export async function idleUsage(on: LabContext, units: readonly string[], nodes: readonly string[], seconds: number) {
  const measure = (host: string) =>
    on.exec({ host, command: usageScript(units), timeout: 30 }).then(({ stdout }) => parseUsage(stdout))
  const before = await Promise.all(nodes.map(measure))
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const after = await Promise.all(nodes.map(measure))
  const rows = nodes.map((node, i) => {
    const [first, last] = [before[i], after[i]]
    return first === undefined || last === undefined
      ? { node }
      : { node, ...last, cores: Math.max(0, last.cpuSeconds - first.cpuSeconds) / (last.at - first.at) }
  })
  return rows
}
