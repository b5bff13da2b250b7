import * as z from 'zod'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    minutes: z.number().positive().optional(),
    seconds: z.number().positive().optional(),
  })
  .refine(({ minutes, seconds }) => (minutes === undefined) !== (seconds === undefined), {
    error: 'set either minutes or seconds: a pause without an end needs a person who ends it',
  })

type Params = z.output<typeof schema>

/** Ansible takes whole seconds, too. */
const secondsOf = ({ minutes = 0, seconds = 0 }: Params): number => Math.max(1, Math.trunc(minutes * 60 + seconds))

export interface PauseValues {
  /** Seconds that the pause took. */
  readonly delta: number
  readonly stdout: string
}

/**
 * Pauses on each host, also in check mode. To wait for a state, `wait_for` or the keyword `until` is better. Ansible's
 * `prompt` and `echo` are not supported: a run needs no person.
 */
export const pause = defineModule<typeof schema, PauseValues>({
  name: 'pause',
  schema,
  reads: () => [],
  sets: () => [],
  waits: true,
  waitSeconds: secondsOf,
  title: (params) => `${secondsOf(params)} s`,
  probe: (params) =>
    [
      'read -r lb_up lb_idle </proc/uptime; lb_start=${lb_up%.*}',
      `sleep ${secondsOf(params)} || exit`,
      'read -r lb_up lb_idle </proc/uptime; echo "$((${lb_up%.*} - lb_start))"',
    ].join('\n'),
  plan(params, { stdout, stderr, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: `cannot pause: ${lastLine(stderr) || `exit code ${exitCode}`}` }
    return { changes: [], values: { delta: Number(stdout), stdout: `Paused for ${secondsOf(params)} seconds` } }
  },
  timeLimitSeconds: (params) => secondsOf(params) + 60,
})
