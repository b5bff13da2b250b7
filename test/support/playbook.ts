import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Summary } from '../../src/evidence/index.ts'
import type { RunEvent } from '../../src/events/events.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Polls, 50 ms apart: consecutive ones without output, and the maximum. */
const SILENT_POLLS = 20
const MAX_POLLS = 200

export interface PlaybookRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly milliseconds: number
}

/**
 * When to kill a runner: a delay after the start of a play, or after an exhibit, as recorded in its event log.
 */
export interface KillPoint {
  readonly play: string
  readonly exhibit?: string
  readonly laterMs: number
  /** Default SIGKILL. */
  readonly signal?: 'SIGINT'
}

/** Runs a playbook like a user. `kill` ends the runner with SIGKILL, like a power loss, or SIGINT. */
export function runPlaybook(
  entry: string,
  args: readonly string[],
  { kill, cwd = ROOT }: { kill?: KillPoint; cwd?: string } = {},
): Promise<PlaybookRun> {
  const started = Date.now()
  return new Promise((resolve, reject) => {
    newest = path.basename(entry, '.mjs')
    reported = undefined
    const earlierRun = newestRunOf(newest)
    // Start zx directly, not npx, so that the PID is the runner's.
    const child = spawn(process.execPath, [path.join(ROOT, 'node_modules/zx/build/cli.js'), entry, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    let timer: NodeJS.Timeout | undefined
    if (kill) {
      timer = setInterval(() => {
        const directory = newestRunOf(newest)
        if (directory === undefined || directory === earlierRun || !isReached(directory, kill)) return
        clearInterval(timer)
        timer = setTimeout(() => child.kill(kill.signal ?? 'SIGKILL'), kill.laterMs)
      }, 50)
    }
    child.on('exit', (exitCode) => {
      clearTimeout(timer)
      const milliseconds = Date.now() - started
      const done = (): void => {
        clearInterval(polls)
        child.stdout.destroy()
        child.stderr.destroy()
        reported = directoryIn(Buffer.concat(out).toString(), cwd)
        resolve({
          exitCode,
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString(),
          milliseconds,
        })
      }
      child.on('close', done)
      // Leftover processes may hold the pipes open, so poll until there is no more output.
      let [all, silent, read] = [0, 0, out.length + err.length]
      const polls = setInterval(() => {
        const now = out.length + err.length
        silent = now === read ? silent + 1 : 0
        read = now
        if (silent === SILENT_POLLS || ++all === MAX_POLLS) done()
      }, 50)
    })
  })
}

/**
 * The playbook that ran last. Other tests may run at the same time, so `runs/latest` may be theirs.
 */
let newest = ''

/** The directory that this run named at its end; undefined after a kill. */
let reported: string | undefined

/** The directory of the report that a run's output names. */
function directoryIn(stdout: string, cwd: string): string | undefined {
  const report = stdout.match(/\S*runs\/\S+?\/report\.html/g)?.at(-1)
  return report === undefined ? undefined : path.dirname(path.resolve(cwd, report))
}

/** The directory of a playbook's newest run; undefined before the first. Its name starts with the time. */
function newestRunOf(playbook: string): string | undefined {
  const runs = path.join(ROOT, 'runs')
  try {
    const name = readdirSync(runs)
      .filter((each) => new RegExp(`Z-${playbook}(-\\d+)?$`).test(each))
      .sort()
      .at(-1)
    return name === undefined ? undefined : path.join(runs, name)
  } catch {
    return undefined
  }
}

function isReached(directory: string, { play, exhibit }: KillPoint): boolean {
  const file = path.join(directory, 'events.jsonl')
  const eventLog = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const start = eventLog.indexOf(`{"type":"play_start","play":${JSON.stringify(play)}`)
  return start !== -1 && (exhibit === undefined || eventLog.includes(`"title":${JSON.stringify(exhibit)}`, start))
}

/** The record of the last run. A killed run has no summary. */
export function latestRun() {
  const directory = reported ?? newestRunOf(newest)
  if (directory === undefined) throw new Error(`no run of "${newest}"`)
  return {
    directory: directory,
    events: readFileSync(path.join(directory, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as RunEvent),
    summary: (): Summary => JSON.parse(readFileSync(path.join(directory, 'summary.json'), 'utf8')) as Summary,
  }
}
