import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { connectionTarget, openConnection } from '../connection/index.ts'
import { journal, openRunFolder, readJournal, redactor, summarise, writeSummary } from '../evidence/index.ts'
import type { Inventory } from '../inventory/index.ts'
import type { Notice, RunEvent } from '../run/events.ts'
import type { RunHost } from '../run/host.ts'
import type { Step } from '../run/play.ts'
import { run } from '../run/run.ts'
import type { TagChoice } from '../run/tags.ts'
import { chooseScreen } from '../ui/index.ts'
import type { Secret } from '../values/secret.ts'
import { onInterrupt } from './interrupt.ts'
import type { Options } from './options.ts'

/** All that a run needs, read and checked. */
export interface Ready {
  readonly playbook: string
  readonly steps: readonly Step[]
  readonly version: string
  readonly argv: readonly string[]
  readonly root: string
  readonly options: Options
  readonly inventory: Inventory
  readonly hosts: readonly string[]
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly tags: TagChoice
  readonly becomePassword?: Secret
}

/** Runs, records, and renders the report. @returns the exit code. */
export async function execute(ready: Ready): Promise<number> {
  const { options, root } = ready
  // Targets are read for all hosts first: a mistake in the inventory stops the run before anything is touched.
  const targets = new Map(ready.hosts.map((name) => [name, targetOf(ready, name)]))
  const folder = openRunFolder({ root: path.join(root, 'runs'), playbook: ready.playbook, now: new Date() })
  const record = journal(folder)
  const screen = await chooseScreen({ json: options.json, diff: options.diff, verbosity: options.verbosity, stdout: process.stdout })
  const redact = redactor()
  const { signal, release } = onInterrupt()
  const subscriber = (event: RunEvent): void => {
    const safe = redact(event)
    record.write(safe)
    screen.show(safe)
  }
  try {
    const { exitCode } = await run({
      playbook: ready.playbook, version: ready.version, argv: ['npx', 'zx', `playbooks/${ready.playbook}.mjs`, ...ready.argv], steps: ready.steps, inventory: ready.inventory,
      hosts: ready.hosts, check: options.check, forks: options.forks, tags: ready.tags, extraVars: ready.extraVars, root,
      connect: (name) => connect(targets.get(name) ?? targetOf(ready, name), ready.becomePassword),
      subscriber,
      signal,
    })
    return exitCode
  } catch (error) {
    const file = path.join(folder.path, 'crash.txt')
    const masked = (message: string): string =>
      (redact({ type: 'notice', level: 'error', time: new Date().toISOString(), message }) as Notice).message
    writeFileSync(file, `${masked((error as Error).stack ?? String(error))}\n`)
    process.stderr.write(`labbook: this is a bug in Labbook or in the playbook: ${masked((error as Error).message)}\n  details: ${file}\n`)
    return 1
  } finally {
    await record.close()
    await writeSummary(folder, summarise(readJournal(path.join(folder.path, 'events.jsonl'))))
    const { renderReport } = await import('../report/index.ts')
    await renderReport(folder.path)
    await screen.done(`report: ${path.relative(process.cwd(), path.join(folder.path, 'report.html'))}`)
    release()
  }
}

type Target = ReturnType<typeof connectionTarget>

const targetOf = ({ inventory, extraVars }: Ready, name: string): Target =>
  connectionTarget(name, { ...inventory.hosts.get(name)?.vars, ...extraVars })

/** A password asked for on the terminal (`-K`) is for hosts whose variables have none. */
function connect(target: Target, asked: Secret | undefined): Pick<RunHost, 'connection' | 'become'> {
  const password = target.become.password ?? asked
  const become = password === undefined ? target.become : { ...target.become, password }
  return { connection: openConnection(target), become }
}
