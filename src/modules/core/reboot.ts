import * as z from 'zod'
import { quote, sh } from '../../shell/quote.ts'
import type { Observed } from '../script-output.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const seconds = z.number().nonnegative()

const schema = z.strictObject({
  /** Seconds to wait until the host is back and `test_command` succeeds. */
  reboot_timeout: seconds.default(600),
  /** Seconds to wait before the reboot. */
  pre_reboot_delay: seconds.default(0),
  /** Seconds to wait after the reboot before the first check. */
  post_reboot_delay: seconds.default(0),
  /** A shell command that succeeds once the host is ready. It may run several times. */
  test_command: z.string().min(1).default('whoami'),
  /** Message to users who are logged in. */
  msg: z
    .string()
    .regex(/^[^\n\0]*$/, { error: 'must be one line' })
    .default('Reboot initiated by Labbook'),
})

type Params = z.output<typeof schema>

export interface RebootValues {
  readonly rebooted: boolean
  /** Boot id of the running kernel. */
  readonly boot_id: string
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** The kernel generates a new one at each boot. */
const bootId = ({ stdout }: Observed): string => stdout.split('\n', 1)[0] ?? ''

/** Reboots the host, waits until it is back, and verifies that its boot id has changed. */
export const reboot = defineModule<typeof schema, RebootValues>({
  name: 'reboot',
  schema,
  title: () => 'the host',
  reads: () => [],
  probe: () => `cat ${BOOT_ID}`,
  plan(params, observed) {
    if (observed.exitCode !== 0) {
      return {
        changes: [],
        problem: `cannot read the boot id: ${lastLine(observed.stderr) || `exit code ${observed.exitCode}`}`,
      }
    }
    return { changes: [{ description: 'reboot', script: script(params) }] }
  },
  comesBack: {
    delaySeconds: ({ post_reboot_delay }) => post_reboot_delay,
    timeoutSeconds: ({ reboot_timeout }) => reboot_timeout,
    probe: ({ test_command }) => `cat ${BOOT_ID} || exit\nsh -c ${quote(test_command)} >&2`,
    pendingReason({ test_command }, before, now) {
      if (bootId(now) === '') return `cannot read its boot id: ${lastLine(now.stderr)}`
      if (bootId(now) === bootId(before)) return `its boot id is unchanged (${bootId(now)}): it has not rebooted`
      if (now.exitCode === 0) return undefined
      return `it has rebooted, but ${test_command} fails: ${lastLine(now.stderr) || `exit code ${now.exitCode}`}`
    },
  },
  result(_params, applied) {
    const last = applied.at(-1)
    return { values: { rebooted: last?.exitCode === 0, boot_id: last === undefined ? '' : bootId(last) } }
  },
  timeLimitSeconds: ({ pre_reboot_delay }) => Math.ceil(pre_reboot_delay) + 60,
})

/** Without `shutdown`, falls back to systemctl, then to the init's own reboot. */
const script = ({ pre_reboot_delay, msg }: Params): string =>
  [
    ...(pre_reboot_delay > 0 ? [sh`sleep ${pre_reboot_delay} || exit`] : []),
    'if command -v shutdown >/dev/null; then',
    sh`  shutdown -r now ${msg} >&2 || exit`,
    'elif command -v systemctl >/dev/null; then',
    '  systemctl reboot >&2 || exit',
    'else',
    '  reboot >&2 || exit',
    'fi',
  ].join('\n')
