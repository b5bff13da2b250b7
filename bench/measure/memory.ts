import { readFileSync } from 'node:fs'

/** PSS of a process in KiB; 0 if it has exited. */
function pssOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/**
 * Samples the total PSS of processes ten times per second.
 *
 * @returns a function that stops and returns the peak, in bytes.
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
