import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as z from 'zod'
import { Unreachable, type Connection } from '../../src/connection/connection.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { parseInventory } from '../../src/inventory/index.ts'
import { defineModule } from '../../src/modules/task.ts'
import type { RunEvent, TaskResult } from '../../src/events/events.ts'
import type { PlaybookStep } from '../../src/playbook/play.ts'
import { run, type RunOptions, type RunResult } from '../../src/runner/run.ts'
import { sh } from '../../src/shell/quote.ts'
import type { Sshd } from './sshd.ts'

/** A module for a file with one line: the smallest possible state. */
export const line = defineModule({
  name: 'line',
  schema: z.strictObject({ path: z.string(), is: z.string() }),
  title: ({ path }) => path,
  reads: ({ path }) => [path],
  sets: ({ path }) => [path],
  probe: ({ path }) => sh`cat ${path} 2>/dev/null || :`,
  plan: ({ path, is }, { stdout }) => ({
    changes:
      stdout === is
        ? []
        : [
            {
              description: `write ${path}`,
              script: sh`printf %s ${is} >${path}`,
              diff: { subject: path, before: stdout, after: is },
            },
          ],
    values: { was: stdout },
  }),
})

/** A module for a file that must exist. */
export const present = defineModule({
  name: 'present',
  schema: z.strictObject({ path: z.string() }),
  title: ({ path }) => path,
  reads: ({ path }) => [path],
  probe: ({ path }) => sh`[ -e ${path} ]`,
  plan: ({ path }, { exitCode }) =>
    exitCode === 0 ? { changes: [], values: { path } } : { changes: [], problem: `${path} is not there` },
})

/** A module for a script that always runs. */
export const script = defineModule({
  name: 'script',
  schema: z.strictObject({ text: z.string() }),
  title: ({ text }) => text,
  reads: () => [],
  probe: () => ':',
  plan: (params) => ({ changes: [{ description: `run ${params.text}`, script: params.text }] }),
  result: (_params, applied) => ({ values: { said: applied.at(-1)?.stdout ?? '' } }),
})

/** The result of a run. */
export interface PlayRun extends RunResult {
  readonly events: readonly RunEvent[]
  readonly results: readonly TaskResult[]
  /** `host task: status` of each result, in order. */
  readonly story: readonly string[]
  /** Round trips by host. */
  readonly exchanges: Readonly<Record<string, number>>
}

export interface PlayRunOptions {
  readonly hosts?: readonly string[]
  readonly dead?: readonly string[]
  readonly check?: boolean
  readonly forks?: number
  readonly forceHandlers?: boolean
  readonly startAtTask?: string
  readonly confirm?: RunOptions['confirm']
  readonly openLiveOutput?: RunOptions['openLiveOutput']
  /** Scripts of several hosts run at the same time. */
  readonly isConcurrent?: boolean
  readonly tags?: readonly string[]
  readonly skipTags?: readonly string[]
  readonly signal?: AbortSignal
  readonly extraVars?: Record<string, unknown>
  readonly repeat?: number
  readonly mayDisturb?: RunOptions['mayDisturb']
  readonly withoutPermission?: RunOptions['withoutPermission']
  readonly onEvent?: (event: RunEvent) => void
  /** A real connection to a host, instead of a local shell. */
  readonly connect?: (name: string) => Connection
}

/** A real connection to an sshd of the test, for {@link PlayRunOptions.connect}. */
export const connectTo =
  (sshd: Pick<Sshd, 'vars'>, more: Record<string, unknown> = {}) =>
  (name: string): Connection =>
    openConnection(connectionSettings(name, sshd.vars(more)))

/**
 * Runs steps on hosts that are local shells, so that everything but the network is real; or over the connections of
 * `connect`.
 */
export async function runSteps(steps: readonly PlaybookStep[], setting: PlayRunOptions = {}): Promise<PlayRun> {
  const { hosts = ['a'], dead = [], onEvent } = setting
  const exchanges: Record<string, number> = {}
  const events: RunEvent[] = []
  const inventory = parseInventory({
    main: {
      path: 'inventory.yaml',
      text: `all:\n  hosts:\n${hosts.map((name) => `    ${name}: { ansible_host: 192.0.2.1 }\n`).join('')}`,
    },
  })
  const options: RunOptions = {
    playbook: 'test',
    version: '0',
    argv: [],
    steps,
    inventory,
    hosts,
    root: import.meta.dirname,
    check: setting.check ?? false,
    forks: setting.forks ?? 5,
    forceHandlers: setting.forceHandlers ?? false,
    ...(setting.startAtTask === undefined ? {} : { startAtTask: setting.startAtTask }),
    ...(setting.openLiveOutput === undefined ? {} : { openLiveOutput: setting.openLiveOutput }),
    ...(setting.confirm === undefined ? {} : { confirm: setting.confirm }),
    tags: { tags: setting.tags ?? [], skipTags: setting.skipTags ?? [] },
    extraVars: setting.extraVars ?? {},
    repeat: setting.repeat ?? 1,
    ...(setting.mayDisturb === undefined ? {} : { mayDisturb: setting.mayDisturb }),
    ...(setting.withoutPermission === undefined ? {} : { withoutPermission: setting.withoutPermission }),
    connect: (name) => ({
      connection:
        setting.connect?.(name) ??
        shellConnection(() => {
          exchanges[name] = (exchanges[name] ?? 0) + 1
          if (dead.includes(name)) throw new Unreachable(`${name}: no route`)
        }, setting.isConcurrent),
      become: { always: false, user: 'root' },
    }),
    subscriber: (event) => {
      events.push(event)
      onEvent?.(event)
    },
    signal: setting.signal ?? new AbortController().signal,
  }
  const outcome = await run(options)
  const results = events.filter((event) => event.type === 'result')
  return {
    ...outcome,
    events,
    results,
    exchanges,
    story: results.map(({ host, task, status }) => `${host} ${task}: ${status}`),
  }
}

/** Directory for pending-handler markers, instead of /var/lib. */
const state = mkdtempSync(path.join(tmpdir(), 'labbook-state-'))
process.on('exit', () => {
  rmSync(state, { recursive: true })
})

export function shellConnection(before: () => void, isConcurrent = false): Connection {
  return {
    preconnect: () => {},
    exec: async (script) => {
      before()
      if (isConcurrent) return await runInBackground(script)
      const done = spawnSync('sh', {
        input: `{\n${script}\n} </dev/null`,
        env: { ...process.env, LABBOOK_STATE: state },
      })
      return { stdout: done.stdout, stderr: done.stderr, exitCode: done.status ?? -1 }
    },
    close: async () => {},
  }
}

/** Without blocking this process: scripts of other hosts run at the same time. */
async function runInBackground(script: string): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }> {
  const child = spawn('sh', { env: { ...process.env, LABBOOK_STATE: state } })
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => output[stream].push(chunk))
  child.stdin.end(`{\n${script}\n} </dev/null`)
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr), exitCode: exitCode ?? -1 }
}
