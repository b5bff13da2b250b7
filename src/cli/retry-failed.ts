import { realpathSync } from 'node:fs'
import path from 'node:path'
import { readEventLog, SummaryFold, type Summary } from '../evidence/index.ts'
import type { Inventory } from '../inventory/index.ts'
import { runDirectory } from './run-argument.ts'
import { UsageError } from './usage-error.ts'

/** The hosts that failed in an earlier run. */
export interface FailedHosts {
  readonly hosts: readonly string[]
  /** The name of the run. */
  readonly run: string
  readonly playbook: string
  readonly status: Summary['status']
}

/** The hosts that the user selects for the run. */
export interface SelectedHosts {
  readonly hosts: readonly string[]
  /** With `--limit`: hosts that are no longer in the inventory are not meant. */
  readonly isLimited: boolean
}

/**
 * The hosts that failed or were unreachable in a run; of a rescued or ignored failure, the host did not fail.
 *
 * @param run - as for `report.mjs`: a name in `runs`, `latest`, or a path.
 * @throws {UsageError | EvidenceError} there is no such run, or its event log cannot be read.
 */
export function failedHosts(run: string, runs: string): FailedHosts {
  // Not `latest`, which will be another run soon.
  const directory = realpathSync(runDirectory(run, runs))
  const fold = new SummaryFold()
  for (const event of readEventLog(path.join(directory, 'events.jsonl'))) fold.add(event)
  const { hosts, playbook, status } = fold.summary()
  return {
    hosts: Object.entries(hosts).flatMap(([host, { failed, unreachable }]) => (failed + unreachable > 0 ? [host] : [])),
    run: path.basename(directory),
    playbook,
    status,
  }
}

/**
 * Those of the selected hosts that failed in the earlier run.
 *
 * @throws {UsageError} one is no longer in the inventory.
 */
export function retriedHosts({ hosts, run }: FailedHosts, inventory: Inventory, selected: SelectedHosts): string[] {
  const missing = selected.isLimited ? [] : hosts.filter((host) => !inventory.hosts.has(host))
  if (missing.length > 0)
    throw new UsageError(
      `--retry-failed ${run}: ${missing.join(', ')} failed in that run and is not in the inventory; ` +
        'use the inventory of that run (-i), or limit the hosts with --limit',
    )
  return selected.hosts.filter((host) => hosts.includes(host))
}

/** A command line with the run's name for `latest`, which will be another run soon. */
export const namingRun = (argv: readonly string[], run: string): string[] =>
  argv.map((word, i) => {
    if (word === '--retry-failed=latest') return `--retry-failed=${run}`
    return word === 'latest' && argv[i - 1] === '--retry-failed' ? run : word
  })

/** What a run with `--retry-failed` says first. */
export function retriedHostsText(
  { run, playbook, status }: FailedHosts,
  hosts: readonly string[],
  current: string,
): string {
  const of = playbook === current || playbook === '' ? '' : ` of playbook ${playbook}`
  const unfinished = status === 'interrupted' ? ' (it was interrupted: others may not have finished)' : ''
  return `--retry-failed: hosts that failed in ${run}${of}${unfinished}: ${hosts.join(', ')}`
}

/**
 * What it says if it has nothing to do.
 *
 * @throws {UsageError} the earlier run did not pass for another reason than a failed host.
 */
export function nothingToRetry({ hosts, run, status }: FailedHosts): string {
  const none =
    hosts.length === 0
      ? `no host failed in ${run}`
      : `none of the selected hosts failed in ${run} (failed: ${hosts.join(', ')})`
  if (status === 'interrupted')
    throw new UsageError(`--retry-failed: ${none}, but it was interrupted: run it again without --retry-failed`)
  if (status === 'failed' && hosts.length === 0)
    throw new UsageError(`--retry-failed: ${none}, but the run failed: its report says why`)
  return `${none}: nothing to retry`
}
