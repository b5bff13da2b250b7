import * as z from 'zod'
import { quote, sh } from '../../shell/quote.ts'
import { grepPattern } from '../support/grep-pattern.ts'
import { targetFile } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { portCondition, PROBE_TOOLS } from '../support/port.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9_.:%-]+$/, { error: 'must be a hostname or an address' })
      .default('127.0.0.1'),
    port: z.number().int().min(1).max(65535).optional(),
    /** Path on the host. A link counts as what it leads to. */
    path: targetFile.optional(),
    /**
     * Regular expression that a line of the file, or of the server's first output, must match. What grep cannot do,
     * such as lookahead or a match across lines, is an error. Unlike in Ansible, it also counts with `absent`: no line
     * matches.
     */
    search_regex: z
      .string()
      .min(1)
      .transform((pattern, context) => {
        const translated = grepPattern(pattern)
        if (typeof translated === 'string') return { pattern, grep: translated }
        context.addIssue({ code: 'custom', message: translated.error })
        return z.NEVER
      })
      .optional(),
    /** `started`, `present`: the port accepts connections, the path exists. `stopped`, `absent`: the opposite. */
    state: z.enum(['started', 'present', 'stopped', 'absent']).default('started'),
    /** Timeout in seconds, including `delay`. */
    timeout: z.number().nonnegative().default(300),
    /** Seconds to wait before the first check. */
    delay: z.number().nonnegative().default(0),
    /** Seconds between checks. */
    sleep: z.number().positive().default(1),
    /** Timeout of one connection attempt in seconds. */
    connect_timeout: z.number().int().positive().default(5),
    /** Error message on timeout. */
    msg: z.string().optional(),
  })
  .refine(({ port, path }) => port === undefined || path === undefined, {
    error: 'port and path are mutually exclusive',
  })
  .refine(({ search_regex, port, path }) => search_regex === undefined || port !== undefined || path !== undefined, {
    error: 'search_regex requires port or path',
  })

type Params = z.output<typeof schema>

export interface WaitValues {
  /** Whole seconds. */
  readonly elapsed: number
}

const subjectOf = ({ host, port, path, search_regex }: Params): string => {
  const subject = path ?? (port === undefined ? 'the time' : `${host}:${port}`)
  return search_regex === undefined ? subject : `${search_regex.pattern} in ${subject}`
}

/**
 * Waits until a port accepts connections, a path exists, or a text is in it; without any of them, for `timeout`
 * seconds.
 */
export const wait_for = defineModule<typeof schema, WaitValues>({
  name: 'wait_for',
  schema,
  waits: true,
  waitSeconds: ({ delay, timeout, port, path }) =>
    port === undefined && path === undefined ? delay + timeout : Math.max(delay, timeout),
  // Anything may open a port.
  sets: () => [],
  title: (params) => `${subjectOf(params)} ${params.state}`,
  probe(params) {
    const { delay, timeout, sleep, state, port, path } = params
    const met = condition(params)
    const test = state === 'stopped' || state === 'absent' ? `! ${met}` : met
    return [
      'lb_now() { read -r lb_up lb_idle </proc/uptime; lb_up=${lb_up%.*}; }',
      ...(port === undefined ? [] : [PROBE_TOOLS]),
      `lb_now; lb_start=$lb_up`,
      ...(delay > 0 ? [sh`sleep ${delay}`] : []),
      port === undefined && path === undefined
        ? sh`sleep ${timeout}`
        : [
            `until ${test}; do`,
            sh`lb_now; if [ $((lb_up - lb_start)) -ge ${Math.ceil(timeout)} ]; then echo timeout; exit 0; fi`,
            sh`sleep ${sleep}`,
            'done',
          ].join('\n'),
      'lb_now; echo "$((lb_up - lb_start))"',
    ].join('\n')
  },
  plan(params, { stdout, stderr, exitCode }) {
    const { timeout, msg, state } = params
    if (exitCode !== 0)
      return {
        changes: [],
        problem: `cannot wait for ${subjectOf(params)}: ${lastLine(stderr) || `exit code ${exitCode}`}`,
      }
    if (stdout.trim() === 'timeout')
      return { changes: [], problem: msg ?? `timed out after ${timeout} s: ${subjectOf(params)} is not ${state}` }
    return { changes: [], values: { elapsed: Number(stdout) } }
  },
  timeLimitSeconds: ({ timeout, delay, connect_timeout, sleep }) =>
    Math.ceil(timeout + delay + connect_timeout + sleep) + 15,
})

/** A shell condition, in braces. */
function condition({ host, port, path, search_regex, connect_timeout }: Params): string {
  if (port !== undefined) return portCondition(host, port, connect_timeout, search_regex?.grep)
  if (path === undefined) return '{ :; }'
  return search_regex === undefined
    ? sh`{ [ -e ${path} ]; }`
    : `{ [ -r ${quote(path)} ] && grep -q -E -e ${quote(search_regex.grep)} -- ${quote(path)}; }`
}
