import path from 'node:path'

/** Directory of the project. */
export const PROJECT = path.resolve(import.meta.dirname, '../..')
/** Cache: the root file system and Python packages of other runners. */
export const CACHE = '/var/lib/labbook/bench'
/** Labbook's runs directory; the benchmark mounts another directory over it. */
export const RUNS = path.join(PROJECT, 'runs')

/** Names of a benchmark's resources, by the PID that started it. */
export const markOf = (pid: number): string => `labbook-bench-${pid}`
/** Directory of a benchmark; a tmpfs is mounted on its `world`. */
export const scratchOf = (pid: number): string => path.join(CACHE, `run-${pid}`)
