import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Plan } from '../../../src/modules/module.ts'
import { shells, type ConvergeResult, type Shell } from '../../support/shells.ts'

/** Runs a test in each shell, each time in an empty directory. */
export function inEachShell(t: Test, body: (t: Test, shell: Shell, folder: string) => void | Promise<void>): void {
  for (const shell of shells) {
    void t.test(`${shell.name}: ${t.name}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'labbook-modules-'))
      t.teardown(() => {
        rmSync(folder, { recursive: true, force: true })
      })
      await body(t, shell, folder)
    })
  }
}

/** Descriptions of a plan's changes. */
export const descriptions = (plan: Plan<unknown>): string[] => plan.changes.map(({ description }) => description)

/** The changes have these descriptions, all succeeded, and none are left. */
export function converged(t: Test, run: ConvergeResult<unknown>, expected: readonly string[]): void {
  t.equal(run.before.problem, undefined, 'the first probe finds no problem')
  t.same(descriptions(run.before), expected, 'the plan has the expected changes')
  for (const [place, { exitCode, stderr }] of run.applied.entries())
    t.same({ exitCode, stderr }, { exitCode: 0, stderr: '' }, `"${descriptions(run.before)[place]}" succeeds`)
  t.equal(run.after.problem, undefined, 'the second probe finds no problem')
  t.same(descriptions(run.after), [], 'a second run changes nothing')
}
