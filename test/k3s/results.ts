import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { TaskResult } from '../../src/events/events.ts'
import { latestRun, type PlaybookRun } from '../support/playbook.ts'
import { story } from '../support/story.ts'

/*
 * Shared by the tests with a real Kubernetes: steps, runs of playbooks, and their results.
 */

const step = story(t)

/** A step of the test file, in {@link story}. @param missing - what this machine lacks for it: then it is skipped. */
export function part(
  name: string,
  body: (t: Test) => Promise<void>,
  needs: readonly string[] = [],
  missing?: string,
): Promise<unknown> {
  return missing === undefined ? step(name, body, needs) : t.test(name, { skip: missing }, body)
}

/** Arguments for `-e`, as JSON so that paths stay intact. */
export const vars = (values: Readonly<Record<string, unknown>>): string[] => ['-e', JSON.stringify(values)]

/** Asserts that a playbook succeeds; on failure, reports its output. */
export async function assertSucceeds(t: Test, run: Promise<PlaybookRun>): Promise<void> {
  const { exitCode, stdout, stderr } = await run
  if (!t.equal(exitCode, 0, 'the run succeeds')) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

/** Findings of the newest run. */
export const findings = (): Record<string, boolean | null> =>
  Object.fromEntries(
    latestRun()
      .summary()
      .findings.map(({ id, holds }) => [id, holds]),
  )
const results = (): TaskResult[] => latestRun().events.flatMap((event) => (event.type === 'result' ? [event] : []))
/** The tasks of the newest run that changed something, or in check mode would have. */
export const changed = (): TaskResult[] => results().filter(({ status }) => status === 'changed')
export const taskNames = (tasks: readonly TaskResult[]): string[] =>
  tasks.map(({ host, play, task }) => `${host}: ${play}: ${task}`)
/** Objects that the newest run changed on the cluster, one per line, without waits for pods. */
export const objectsChanged = (): string[] =>
  changed()
    .filter(({ module }) => module === 'k8s')
    .flatMap(({ changes }) => changes.map(({ description }) => description))
    .filter((line) => !line.startsWith('wait for '))
export const failures = (): string[] =>
  results()
    .filter(({ status }) => ['failed', 'unreachable'].includes(status))
    .map(({ host, task, message }) => `${host}: ${task}: ${message}`)

/** Polls until a probe returns a value. @throws {Error} on timeout. */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  seconds = 300,
): Promise<T> {
  let lastError: unknown = 'condition not met'
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    try {
      const value = await probe()
      if (value !== undefined) return value
    } catch (error) {
      lastError = (error as { stderr?: string }).stderr ?? error
    }
    await sleep(1000)
  }
  throw new Error(`${what}: not within ${seconds} s: ${String(lastError)}`)
}
