import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import type { z } from 'zod'
import type { ModuleCall } from '../../src/modules/task.ts'
import type { Inputs, Plan } from '../../src/modules/module.ts'
import type { Observed } from '../../src/modules/script-output.ts'

/** Shells that a host may have as `sh`; every generated script must run in each. */
export const shells = [
  { name: 'dash', argv: ['dash'] },
  { name: 'bash', argv: ['bash', '--posix'] },
  { name: 'busybox ash', argv: ['busybox', 'ash'] },
] as const

export interface Shell {
  readonly name: string
  readonly argv: readonly [string, ...string[]]
}

/** Runs a script from stdin, like a connection does. */
export function runIn(shell: Shell, script: string, options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Observed {
  const [command, ...args] = shell.argv
  const done = spawnSync(command, args, {
    input: `{\n${script}\n} </dev/null`,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  if (done.error) throw done.error
  return { stdout: done.stdout, stderr: done.stderr, exitCode: done.status ?? -1 }
}

/** The result of {@link converge}: the plan before, the outcome of each change, the plan after. */
export interface ConvergeResult<V> {
  readonly before: Plan<V>
  readonly applied: readonly Observed[]
  readonly after: Plan<V>
}

/** Probes, plans, applies and probes again in a real shell, like the runner on a host. */
export function converge<S extends z.ZodType, V>(
  shell: Shell,
  module: ModuleCall<S, V>,
  params: z.input<S>,
  { inputs = {}, vars = {}, cwd }: { inputs?: Inputs; vars?: Record<string, unknown>; cwd?: string } = {},
): ConvergeResult<V> {
  const { definition } = module
  const parsed = definition.schema.parse(params)
  const where = cwd === undefined ? {} : { cwd }
  const plan = (): Plan<V> =>
    definition.plan(parsed, runIn(shell, definition.probe(parsed, inputs), where), inputs, vars)
  const before = plan()
  const applied = before.changes.map((change) => runIn(shell, change.script, where))
  return { before, applied, after: plan() }
}

/** Applies a module, asserts that it is idempotent, and returns the changes. */
export function assertConverges<S extends z.ZodType, V>(
  t: Test,
  module: ModuleCall<S, V>,
  params: z.input<S>,
): string[] {
  const { before, applied, after } = converge(shells[0], module, params)
  t.equal(before.problem, undefined, `${module.definition.name} finds no problem`)
  for (const [place, { exitCode, stderr }] of applied.entries())
    t.equal(exitCode, 0, `"${before.changes[place]?.description}" succeeds: ${stderr}`)
  t.strictSame(
    after.changes.map((change) => change.description),
    [],
    `a second run of ${module.definition.name} changes nothing`,
  )
  return before.changes.map((change) => change.description)
}
