import path from 'node:path'

/** The project's folder. */
export const PROJECT = path.resolve(import.meta.dirname, '../..')
/** What is kept from one benchmark to the next: the root file system and the rivals' Python packages. */
export const CACHE = '/var/lib/labbook/bench'
/** Where Labbook's runs land; the benchmark mounts a folder of its own over it. */
export const RUNS = path.join(PROJECT, 'runs')

/** Names of what one benchmark makes on the machine, by the process that started it. */
export const markOf = (pid: number): string => `labbook-bench-${pid}`
/** The folder for what one benchmark makes; a tmpfs is mounted on its `world`. */
export const scratchOf = (pid: number): string => path.join(CACHE, `run-${pid}`)
