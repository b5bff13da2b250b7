import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ConnectionConfigError, connectionSettings, openConnection } from '../connection/index.ts'
import { EvidenceError, lastDurations, openRecorder, createRunDirectory, writeSummary } from '../evidence/index.ts'
import { writeManifest } from '../evidence/manifest.ts'
import { PRIVATE_FILE } from '../evidence/run-directory.ts'
import { markRunning } from '../evidence/in-progress.ts'
import { signManifest } from '../evidence/signature.ts'
import { ReportDataFold } from '../report/report-data.ts'
import type { RunEvent } from '../events/events.ts'
import { PlaybookError } from '../playbook/play.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import type { RunHost } from '../execution/run-host.ts'
import { run } from '../runner/run.ts'
import { phasesOf } from '../runner/step-selection.ts'
import { chooseScreen, type RunFooter } from '../ui/index.ts'
import { masking, requireCurrentPlan } from './apply-plan.ts'
import { approvedBy, argumentsOfPlan, PlanRecorder, writePlan } from './saved-plan.ts'
import { stepConfirmation } from './step.ts'
import { signingKey } from './signing-key.ts'
import { footerOf } from './footer.ts'
import { onInterrupt } from './interrupt.ts'
import { continueWithoutOutput } from './lost-output.ts'
import type { PreparedRun } from './prepared-run.ts'
import { sharedVariables } from './shared-variables.ts'
import { UsageError } from './usage-error.ts'

/** Most tasks end before: their output is shown once, below the result. */
const LIVE_OUTPUT = { delayMs: 1000, idleMs: 300 }

/** Runs the playbook, records it and renders the report. @returns the exit code. */
export async function execute(ready: PreparedRun): Promise<number> {
  const { options, root } = ready
  // Connection settings of all hosts are read first, so that an error in the inventory prevents any change.
  const { targetOf, warnings } = targets(ready)
  signingKey(ready)
  const { argv } = ready
  continueWithoutOutput()
  const { signal, release } = onInterrupt()
  const common = {
    playbook: ready.playbook,
    version: ready.version,
    argv,
    steps: ready.steps,
    inventory: ready.inventory,
    hosts: ready.hosts,
    check: options.check,
    forks: options.forks,
    forceHandlers: options.forceHandlers,
    ...(options.startAtTask === undefined ? {} : { startAtTask: options.startAtTask }),
    repeat: options.repeat,
    tags: ready.tags,
    mayDisturb: ready.mayDisturb,
    ...(ready.withoutPermission === undefined ? {} : { withoutPermission: ready.withoutPermission }),
    extraVars: ready.extraVars,
    varReads: ready.reads,
    warnings: [...ready.warnings, ...warnings],
    ...(ready.reportQuestions === undefined ? {} : { reportQuestions: ready.reportQuestions }),
    recordedVariables: sharedVariables(ready.inventory, ready.hosts, ready.vars),
    root,
    connect: (name: string) => connect(targetOf(name)),
    signal,
  }
  const { savedPlan } = ready
  if (savedPlan !== undefined) await requireCurrentPlan(options.apply ?? '', savedPlan, common)
  const folder = createRunDirectory({ root: path.join(root, 'runs'), playbook: ready.playbook, now: new Date() })
  const record = openRecorder(folder)
  const ended = markRunning(folder)
  const screen = await chooseScreen({
    json: options.json,
    diff: options.diff,
    verbosity: options.verbosity,
    isPrompting: options.step,
    stdout: process.stdout,
    expected: () => expectedDurations(ready),
  })
  const facts = new ReportDataFold()
  const planRecorder = options.out === undefined ? undefined : new PlanRecorder()
  const emit = (event: RunEvent): void => {
    const masked = record.record(event)
    facts.add(masked)
    planRecorder?.add(masked)
    screen.show(masked)
  }
  try {
    const { exitCode } = await run({
      ...common,
      ...(options.step ? { confirm: stepConfirmation() } : {}),
      ...(savedPlan === undefined
        ? {}
        : {
            approved: approvedBy(
              savedPlan,
              masking((text) => record.mask(text)),
            ),
          }),
      subscriber: emit,
      openOverflowFile: record.output,
      ...(options.verbosity > 0 && {
        openLiveOutput: (of) =>
          record.live({
            ...LIVE_OUTPUT,
            onLines: (lines) => {
              screen.show({ type: 'output', time: new Date().toISOString(), ...of, task: record.mask(of.task), lines })
            },
          }),
      }),
    })
    if (options.out !== undefined && exitCode !== 0)
      process.stderr.write(
        `--out ${options.out}: the plan is not saved, as check mode did not succeed${existsSync(options.out) ? '; the file that is there is an older one' : ''}\n`,
      )
    else if (planRecorder !== undefined && options.out !== undefined)
      writePlan(
        options.out,
        planRecorder.plan({
          playbook: ready.playbook,
          version: ready.version,
          argv: argumentsOfPlan(ready.playbookArguments),
        }),
        (text) => record.mask(text),
      )
    return exitCode
  } catch (error) {
    if ([EvidenceError, ConnectionConfigError, PlaybookError, UsageError].some((type) => error instanceof type)) {
      try {
        emit({ type: 'notice', level: 'error', time: new Date().toISOString(), message: (error as Error).message })
      } catch {
        // No space for this either; main prints the error.
      }
      throw error
    }
    const file = path.join(folder.path, 'crash.txt')
    writeFileSync(file, `${record.mask((error as Error).stack ?? String(error))}\n`, { mode: PRIVATE_FILE })
    process.stderr.write(
      `labbook: internal error, a bug in Labbook or in the playbook: ${record.mask((error as Error).message)}\n  details: ${file}\n`,
    )
    return 1
  } finally {
    let ending: RunFooter = {}
    try {
      record.close()
      const summary = record.summary()
      writeSummary(folder, summary)
      const { renderReport } = await import('../report/index.ts')
      await renderReport(folder.path, { summary, facts: facts.data })
      const report = path.relative(process.cwd(), path.join(folder.path, 'report.html'))
      writeManifest(folder.path, record.end(), summary)
      const key = signingKey(ready)
      if (key !== undefined) signManifest(folder.path, key)
      ending = { report } // also if the playbook's closing throws
      ending = footerOf({ ready, argv, summary, report, mask: (text) => record.mask(text) })
    } finally {
      ended()
      await screen.close(ending)
      release()
    }
  }
}

/** The durations of this run's phases when they last passed, in milliseconds. Check mode is faster: no estimates. */
function expectedDurations({
  playbook,
  root,
  steps,
  inventory,
  hosts,
  tags,
  options,
}: PreparedRun): readonly (number | undefined)[] {
  if (options.check) return []
  const durations = lastDurations(path.join(root, 'runs'), { playbook })
  return phasesOf({ steps, inventory, hosts, tags, check: options.check }).map(({ name }) => durations.get(name))
}

type Target = ReturnType<typeof connectionSettings>

function targets({ inventory, extraVars, hosts }: PreparedRun): {
  readonly targetOf: (name: string) => Target
  readonly warnings: readonly string[]
} {
  const variables = inventoryVariables(inventory, extraVars)
  const read = (name: string): Target => connectionSettings(name, variables(name))
  const known = new Map(hosts.map((name) => [name, read(name)]))
  const unsupported = new Set([...known.values()].flatMap((target) => target.unsupported ?? []))
  return {
    targetOf: (name) => known.get(name) ?? read(name),
    warnings: unsupported.size === 0 ? [] : [`ssh_config: not supported, ignored: ${[...unsupported].join(', ')}`],
  }
}

const connect = (target: Target): Pick<RunHost, 'connection' | 'become'> => ({
  connection: openConnection(target),
  become: target.become,
})
