import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { openRecorder, createRunDirectory, writeSummary } from '../../src/evidence/index.ts'
import { readInventory } from '../../src/inventory/index.ts'
import { play, shell, type PlaybookStep } from '../../src/labbook.ts'
import { run, type RunOptions } from '../../src/runner/run.ts'
import site from '../playbooks/site/playbook.ts'
import { PROJECT } from '../world/places.ts'
import { peakMemory, seconds } from './row.ts'

/*
 * One run of Labbook's runner in this process, like `src/cli/execute.ts` but without output: `one-run.ts INVENTORY
 * recorded|unrecorded [MEGABYTES]`. With MEGABYTES one task prints that much; else runs the 25 tasks of the benchmark.
 * Prints {@link OneRun} as JSON.
 */

/** The result. */
export interface OneRun {
  /** Seconds from the start of this process to the end of all. */
  readonly wall: number
  /** Of these, seconds of recording only. */
  readonly recording: number
  /** Bytes. */
  readonly memory: number
}

const [inventoryFile = '', mode = 'recorded', size] = process.argv.slice(2)

const loud = (megabytes: number): PlaybookStep =>
  play('Loud', { hosts: 'all' }, () => [
    shell({
      cmd: `yes 'a line of output that is 64 characters long, with its newline, eh' | head -c ${megabytes}000000`,
    }),
  ])

const recording = { seconds: 0 }
/** Runs and times a part of the recording. */
function timed<T>(action: () => T): T {
  const start = seconds()
  try {
    return action()
  } finally {
    recording.seconds += seconds() - start
  }
}

async function main(): Promise<void> {
  const steps: readonly PlaybookStep[] =
    size === undefined ? (site.steps as readonly PlaybookStep[]) : [loud(Number(size))]
  const inventory = await readInventory(inventoryFile)
  const folder = mkdtempSync(path.join(path.dirname(inventoryFile), 'one-run-'))
  const runFolder = timed(() => createRunDirectory({ root: folder, playbook: 'one-run', now: new Date() }))
  const record = mode === 'recorded' ? timed(() => openRecorder(runFolder)) : undefined
  const options: RunOptions = {
    playbook: 'one-run',
    version: '0',
    argv: [],
    steps,
    inventory,
    hosts: [...inventory.hosts.keys()],
    check: false,
    forks: 5,
    tags: { tags: [], skipTags: [] },
    extraVars: {},
    root: PROJECT,
    connect: (name, vars) => {
      const target = connectionSettings(name, vars)
      return { connection: openConnection(target), become: target.become }
    },
    subscriber: (event) => (record === undefined ? undefined : timed(() => void record.record(event))),
    ...(record === undefined ? {} : { openOverflowFile: record.output }),
    signal: new AbortController().signal,
  }
  const { exitCode } = await run(options)
  if (record !== undefined) {
    // From here on everything is recording, including loading the report renderer.
    const start = seconds()
    record.close()
    writeSummary(runFolder, record.summary())
    const { renderReport } = await import('../../src/report/index.ts')
    await renderReport(runFolder.path)
    recording.seconds += seconds() - start
  }
  const result: OneRun = { wall: process.uptime(), recording: recording.seconds, memory: peakMemory() }
  rmSync(folder, { recursive: true, force: true })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exitCode = exitCode
}

await main()
