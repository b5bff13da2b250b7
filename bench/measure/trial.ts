import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from '../runners/runner.ts'
import type { Hosts } from '../world/hosts.ts'
import type { World } from '../world/world.ts'
import { networkCount } from './network.ts'

/** Resource use of one run. */
export interface Measures {
  /** Seconds from start to exit of the program. */
  readonly wall: number
  /** CPU seconds of the program and all its children, including daemons. */
  readonly controllerCpu: number
  /** CPU seconds of the sshds and everything on the hosts. */
  readonly targetsCpu: number
  readonly connections: number
  readonly bytes: number
  /** Log lines of sshds about refused connections (MaxStartups); not every refusal is logged. */
  readonly refused: number
}

export interface Outcome {
  readonly measures: Measures
  readonly exitCode: number | null
  readonly output: string
}

const JOIN = 'echo $$ >"$0" && exec "$@"'
/** Timeout of a run. */
const LIMIT_SECONDS = 1800

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length

/** Runs a command against the hosts, in the controller's cgroup, and measures it. Kills leftover processes. */
export async function measure(world: World, hosts: Hosts, { argv, cwd, env, stdin }: Command): Promise<Outcome> {
  const file = path.join(world.directory, 'output')
  const out = openSync(file, 'w')
  const input = stdin === undefined ? ('ignore' as const) : openSync(stdin, 'r')
  const before = {
    network: networkCount(),
    controller: world.controller.cpuSeconds(),
    targets: world.targets.cpuSeconds(),
  }
  const logged = hosts.log().length
  const start = process.hrtime.bigint()
  const child = spawn('sh', ['-c', JOIN, world.controller.procs, ...argv], { cwd, env, stdio: [input, out, out] })
  const late = setTimeout(() => void world.controller.end(), LIMIT_SECONDS * 1000)
  const [exitCode, end] = await new Promise<[number | null, bigint]>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve([code, process.hrtime.bigint()]))
  })
  clearTimeout(late)
  closeSync(out)
  if (typeof input === 'number') closeSync(input)
  // ControlPersist masters outlive the run; killing them also ends their sessions.
  await world.controller.end()
  await hosts.quiet()
  const after = networkCount()
  return {
    exitCode,
    output: readFileSync(file, 'utf8'),
    measures: {
      wall: Number(end - start) / 1e9,
      controllerCpu: world.controller.cpuSeconds() - before.controller,
      targetsCpu: world.targets.cpuSeconds() - before.targets,
      connections: after.connections - before.network.connections,
      bytes: after.bytes - before.network.bytes,
      refused: count(hosts.log().slice(logged), /MaxStartups/g),
    },
  }
}
