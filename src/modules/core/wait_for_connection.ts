import * as z from 'zod'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const seconds = z.number().nonnegative()

const schema = z.strictObject({
  /** Seconds to wait before the first attempt. */
  delay: seconds.default(0),
  /** Seconds to wait from then on. */
  timeout: seconds.default(600),
})

/**
 * Waits until the host can be reached and logged in to. The first task of a play for hosts that are starting; such a
 * play cannot have `gather_facts`. Check mode does not wait. How long an attempt may take is a setting of connections,
 * as `ansible_timeout`; the pauses between attempts grow from 1 to 12 seconds.
 */
export const wait_for_connection = defineModule<typeof schema, { readonly elapsed: number }>({
  name: 'wait_for_connection',
  schema,
  title: ({ timeout }) => `up to ${timeout} s`,
  reads: () => [],
  sets: () => [],
  waits: true,
  connects: {
    delaySeconds: ({ delay }) => delay,
    timeoutSeconds: ({ timeout }) => timeout,
    probe: () => ':',
    pendingReason: (_, __, { exitCode, stderr }) =>
      exitCode === 0 ? undefined : lastLine(stderr) || `exit code ${exitCode}`,
  },
  probe: () => 'echo 0',
  plan: (_, { stdout, exitCode, stderr }) =>
    exitCode === 0
      ? { changes: [], values: { elapsed: Number(stdout) } }
      : { changes: [], problem: lastLine(stderr) || `the shell of the host exited with code ${exitCode}` },
})
