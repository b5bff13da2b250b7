import { readFileSync } from 'node:fs'

/** KiB that a process takes, shared pages divided among those that share them; 0 for one that has ended. */
function pssOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/**
 * Looks at the sum of PSS of some processes ten times a second, until told to stop.
 *
 * @returns a function that stops and gives the largest sum, in bytes.
 */
export function watchMemory(pids: () => readonly number[]): () => number {
  let peak = 0
  const look = (): void => {
    peak = Math.max(
      peak,
      pids().reduce((sum, pid) => sum + pssOf(pid), 0),
    )
  }
  const timer = setInterval(look, 100)
  return () => {
    clearInterval(timer)
    return peak * 1024
  }
}
