import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Summary } from '../../src/evidence/index.ts'
import type { RunEvent } from '../../src/run/events.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Looks, 50 ms apart, at pipes that say nothing; and looks in all. */
const SILENT_LOOKS = 20
const MOST_LOOKS = 200

export interface PlaybookRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly milliseconds: number
}

/**
 * The moment at which a runner is killed: so long after the start of a play, or after an exhibit of it, by what its
 * journal says.
 */
export interface Blow {
  readonly play: string
  readonly exhibit?: string
  readonly laterMs: number
  /** Default SIGKILL. */
  readonly signal?: 'SIGINT'
}

/** Runs a playbook as a user does. `kill`: ends the runner with SIGKILL, as a power cut would, or as Ctrl-C does. */
export function runPlaybook(
  entry: string,
  args: readonly string[],
  { kill, cwd = ROOT }: { kill?: Blow; cwd?: string } = {},
): Promise<PlaybookRun> {
  const started = Date.now()
  return new Promise((resolve, reject) => {
    newest = path.basename(entry, '.mjs')
    const earlierRun = newestRunOf(newest)
    // zx itself is started, not npx, so that the pid is the runner's own.
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
        const folder = newestRunOf(newest)
        if (folder === undefined || folder === earlierRun || !hasCome(folder, kill)) return
        clearInterval(timer)
        timer = setTimeout(() => child.kill(kill.signal ?? 'SIGKILL'), kill.laterMs)
      }, 50)
    }
    child.on('exit', (exitCode) => {
      clearTimeout(timer)
      const milliseconds = Date.now() - started
      const done = (): void => {
        clearInterval(looks)
        child.stdout.destroy()
        child.stderr.destroy()
        resolve({
          exitCode,
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString(),
          milliseconds,
        })
      }
      child.on('close', done)
      // What a run has left on this machine, or a killed runner, may hold the pipes. Between two looks they are read,
      // however late those come.
      let [all, silent, read] = [0, 0, out.length + err.length]
      const looks = setInterval(() => {
        const now = out.length + err.length
        silent = now === read ? silent + 1 : 0
        read = now
        if (silent === SILENT_LOOKS || ++all === MOST_LOOKS) done()
      }, 50)
    })
  })
}

/**
 * The playbook that ran last. Other tests of the project may run others at the same time, so that `runs/latest` may be
 * theirs.
 */
let newest = ''

/** The directory of a playbook's newest run; undefined before the first. Its name begins with the time. */
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

function hasCome(folder: string, { play, exhibit }: Blow): boolean {
  const file = path.join(folder, 'events.jsonl')
  const journal = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const start = journal.indexOf(`{"type":"play_start","play":${JSON.stringify(play)}`)
  return start !== -1 && (exhibit === undefined || journal.includes(`"title":${JSON.stringify(exhibit)}`, start))
}

/** What the run that was made last left. A run that was killed has no summary. */
export function latestRun() {
  const folder = newestRunOf(newest)
  if (folder === undefined) throw new Error(`there is no run of ${newest}`)
  return {
    folder,
    events: readFileSync(path.join(folder, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as RunEvent),
    summary: (): Summary => JSON.parse(readFileSync(path.join(folder, 'summary.json'), 'utf8')) as Summary,
  }
}
