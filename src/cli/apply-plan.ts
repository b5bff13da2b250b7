import { mapStrings } from '../evidence/map-strings.ts'
import { Redactor } from '../evidence/redactor.ts'
import { run, type RunOptions } from '../runner/run.ts'
import { Cancelled } from '../ui/index.ts'
import { PlanRecorder, planDifferences, type SavedPlan } from './saved-plan.ts'

/** The hosts are no longer as they were when the plan was saved. */
export class PlanOutdated extends Error {
  override readonly name = 'PlanOutdated'

  constructor(file: string, { created }: SavedPlan, differences: readonly string[]) {
    const shown = differences.slice(0, SHOWN)
    const more = differences.length - shown.length
    super(
      [
        `--apply ${file}: the plan of ${created} is outdated; nothing was changed. Differences (- planned, + now, ? unknown now):`,
        ...shown.map((line) => `  ${line}`),
        ...(more > 0 ? [`  and ${more} more`] : []),
        'Save a new plan with --check --out FILE.',
      ].join('\n'),
    )
  }
}

const SHOWN = 20

/**
 * Runs check mode again, without records.
 *
 * @throws {PlanOutdated} it plans other changes than the saved plan has. @throws {Cancelled} the user interrupted it.
 */
export async function requireCurrentPlan(
  file: string,
  saved: SavedPlan,
  options: Omit<RunOptions, 'subscriber' | 'check' | 'confirm'>,
): Promise<void> {
  const redactor = new Redactor()
  const recorder = new PlanRecorder()
  const problems: string[] = []
  const { exitCode } = await run({
    ...options,
    check: true,
    subscriber: (event) => {
      const masked = redactor.maskEvent(event)
      recorder.add(masked)
      if (masked.type === 'result' && (masked.status === 'failed' || masked.status === 'unreachable'))
        problems.push(`? ${masked.host}: ${masked.task}: ${masked.message ?? masked.status}`)
      else if (masked.type === 'notice' && masked.level === 'error') problems.push(`? ${masked.message}`)
    },
  })
  if (exitCode === 130) throw new Cancelled()
  const differences = [...planDifferences(saved, recorder.plan(saved)), ...problems]
  if (differences.length > 0) throw new PlanOutdated(file, saved, differences)
}

/** Masks secrets in a value. */
export const masking =
  (mask: (text: string) => string) =>
  <T>(value: T): T =>
    mapStrings(value, mask)
