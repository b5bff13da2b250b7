import { z } from 'zod'
import { quote, sh } from '../shell/quote.ts'
import type { Observed } from './observed.ts'
import { lastLine } from './support/text.ts'
import { defineModule } from './task.ts'

const seconds = z.number().nonnegative()

const schema = z.strictObject({
  /** Seconds it may take until the host is back and `test_command` works. */
  reboot_timeout: seconds.default(600),
  /** Seconds to wait before the host is told to reboot. */
  pre_reboot_delay: seconds.default(0),
  /** Seconds to wait before the first look whether it is back. */
  post_reboot_delay: seconds.default(0),
  /** A shell command that succeeds once the host is ready. It may run several times. */
  test_command: z.string().min(1).default('whoami'),
  /** What users who are logged in are told. */
  msg: z
    .string()
    .regex(/^[^\n\0]*$/, { error: 'one line' })
    .default('Reboot asked for by Labbook'),
})

type Params = z.output<typeof schema>

export interface RebootValues {
  readonly rebooted: boolean
  /** The kernel's name for the boot it runs now. */
  readonly boot_id: string
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** The kernel makes up a new one at each boot. */
const bootId = ({ stdout }: Observed): string => stdout.split('\n', 1)[0] ?? ''

/** Boots the host anew, waits until it is back, and makes sure that it runs another boot than before. */
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
        problem: `cannot tell one boot from another: ${lastLine(observed.stderr) || `${BOOT_ID} cannot be read`}`,
      }
    }
    return { changes: [{ description: 'reboot', script: script(params) }] }
  },
  comesBack: {
    afterSeconds: ({ post_reboot_delay }) => post_reboot_delay,
    withinSeconds: ({ reboot_timeout }) => reboot_timeout,
    probe: ({ test_command }) => `cat ${BOOT_ID} || exit\nsh -c ${quote(test_command)} >&2`,
    missing({ test_command }, before, now) {
      if (bootId(now) === '') return `its boot id cannot be read: ${lastLine(now.stderr)}`
      if (bootId(now) === bootId(before))
        return `it runs the boot it ran before (${bootId(now)}), so it has not rebooted`
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

/** Where there is no `shutdown`, systemd or the init itself is asked. */
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
