import { z } from 'zod'
import { didYouMean, nearest } from '../text/suggest.ts'
import type { Disturbs } from './disturbs.ts'

export type SerialSize = number | `${number}%`

export interface PlayOptions {
  /** An Ansible host pattern: `swarm:!node3`. */
  readonly hosts: string
  readonly become?: boolean
  readonly become_user?: string
  readonly gather_facts?: boolean
  readonly vars?: Readonly<Record<string, unknown>>
  readonly tags?: string | readonly string[]
  /**
   * Batch size: a number of hosts, a percentage such as `30%`, or a list of both, whose last entry repeats. 0: all
   * hosts. Each batch completes the play before the next starts.
   */
  readonly serial?: SerialSize | readonly SerialSize[]
  /** The first failed host ends the run. Without it, the run ends when all hosts of a batch have failed. */
  readonly any_errors_fatal?: boolean
  /** The run ends if more than this percentage of a batch fails. Unreachable hosts do not count. */
  readonly max_fail_percentage?: number
  /**
   * Hosts on which this play removes data or services, and what it does there. Hosts outside Labbook's lab require
   * permission.
   */
  readonly disturbs?: Disturbs
}

const SERIAL = z.union([z.number().int().min(0), z.string().regex(/^\d+(\.\d+)?%$/)])
const BOOLEAN = { schema: z.boolean(), must: 'true or false' }
const NAME = { schema: z.string().min(1), must: 'a string that is not empty' }

const OPTIONS: Readonly<Record<keyof PlayOptions, { readonly schema: z.ZodType; readonly must: string }>> = {
  hosts: { schema: z.string().min(1), must: 'a host pattern' },
  become: BOOLEAN,
  become_user: NAME,
  gather_facts: BOOLEAN,
  vars: { schema: z.record(z.string(), z.unknown()), must: 'a mapping' },
  tags: { schema: z.union([z.string(), z.array(z.string())]), must: 'a string or a list of strings' },
  serial: {
    schema: z.union([SERIAL, z.array(SERIAL).min(1)]),
    must: "a whole number, a percentage such as '30%', or a list of both",
  },
  any_errors_fatal: BOOLEAN,
  max_fail_percentage: { schema: z.number().min(0).max(100), must: 'a number from 0 to 100' },
  disturbs: { schema: z.custom((value) => typeof value === 'function'), must: 'a function' },
}

/** Why options are not those of a play; undefined if they are. */
export function playOptionsProblem(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return 'its options must be a mapping'
  if (!('hosts' in options)) return 'hosts is missing'
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(OPTIONS, key)) {
      const hint = didYouMean(nearest(key, Object.keys(OPTIONS)))
      return `unknown option ${key}${hint === undefined ? '' : `: ${hint}`}`
    }
    const { schema, must } = OPTIONS[key as keyof PlayOptions]
    if (!schema.safeParse(value).success) return `${key} must be ${must}, not ${JSON.stringify(value)}`
  }
  return undefined
}
