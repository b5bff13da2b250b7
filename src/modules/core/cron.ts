import { posix } from 'node:path'
import * as z from 'zod'
import type { Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { sh } from '../../shell/quote.ts'
import { cronEntry, editCrontab, isEmpty, MissingVariable, namesIn, withoutHeader } from '../support/crontab.ts'
import { planTextEdit, textFileQuery, type TextFile } from '../support/edit-text-file.ts'
import { accountsOf, contentOf, entryAt, setContent, setTree, treeAt } from '../support/effects.ts'
import { CHANGED_MEANWHILE } from '../support/file-lock.ts'
import { sha256 } from '../support/file-content.ts'
import { account } from '../support/params.ts'
import { PatternError } from '../support/line-pattern.ts'
import { parsePathFacts, pathProbe } from '../support/path-facts.ts'
import { isOrBecomesPrivate } from '../support/place-file.ts'
import { refusing } from '../support/refusing.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const SPECIAL_TIMES = ['reboot', 'yearly', 'annually', 'monthly', 'weekly', 'daily', 'hourly'] as const

const oneLine = (what: string): z.ZodString =>
  z.string().regex(/^[^\r\n\0]+$/, { error: `${what} must be one line that is not empty` })

const time = z
  .union([z.string(), z.int().nonnegative().transform(String)])
  .refine((text) => /^[^\s]+$/.test(text), { error: 'must be a field of a crontab, such as */5' })
  .default('*')

const schema = z
  .strictObject(
    {
      /** Name of the job, in a comment before it; with `env`, name of the variable. */
      name: oneLine('name'),
      /** Whose crontab. With `cron_file`: who runs the job. Default: the user of the task. */
      user: account.optional(),
      /** The command; with `env`, the value. Cron takes `%` for a newline. */
      job: z
        .string()
        .transform((text) => text.replace(/^[\r\n]+|[\r\n]+$/g, ''))
        .pipe(z.string().regex(/^[^\r\n\0]*$/, { error: 'must be one line' }))
        .optional(),
      state: z.enum(['present', 'absent']).default('present'),
      /** A file in /etc/cron.d instead of a user's crontab: its name, or an absolute path. Removed when it is empty. */
      cron_file: z
        .string()
        .refine((file) => file !== '/etc/crontab', { error: '/etc/crontab is not managed' })
        .transform((file) => posix.resolve('/etc/cron.d', file))
        // Cron ignores files with other names.
        .refine((file) => /^[A-Za-z0-9_-]+$/.test(posix.basename(file)), {
          error: 'must be a name of letters, digits, underscores and hyphens: cron ignores other files',
        })
        .optional(),
      minute: time,
      hour: time,
      day: time,
      month: time,
      weekday: time,
      special_time: z.enum(SPECIAL_TIMES).optional(),
      /** Comment the job out. */
      disabled: z.boolean().default(false),
      /** Manage a variable instead of a job. A new one is inserted at the beginning. */
      env: z.boolean().default(false),
      /** Insert a new variable after this one. */
      insertafter: z.string().optional(),
      /** Insert a new variable before this one. */
      insertbefore: z.string().optional(),
    },
    {
      error: refusing({
        backup: 'the diff of the task has the old entry',
        dom: 'write day',
        dow: 'write weekday',
        value: 'write job',
      }),
    },
  )
  .refine(({ state, job }) => state === 'absent' || job !== undefined, { error: 'job is required', path: ['job'] })
  .refine(({ state, cron_file, user }) => state === 'absent' || cron_file === undefined || user !== undefined, {
    error: 'cron_file requires user',
    path: ['user'],
  })
  .refine(
    ({ special_time, minute, hour, day, month, weekday }) =>
      special_time === undefined || [minute, hour, day, month, weekday].every((field) => field === '*'),
    { error: 'special_time cannot be combined with minute, hour, day, month or weekday' },
  )
  .refine(({ env, name }) => !env || /^[A-Za-z_][A-Za-z0-9_]*$/.test(name), {
    error: 'must be the name of a variable',
    path: ['name'],
  })
  .refine(
    ({ env, state, insertafter, insertbefore }) =>
      (insertafter === undefined && insertbefore === undefined) || (env && state === 'present'),
    { error: 'insertafter and insertbefore require env: true' },
  )
  .refine(({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined, {
    error: 'insertafter and insertbefore are mutually exclusive',
  })

type Params = z.output<typeof schema>

/** Names in the crontab, as in Ansible. */
export interface CronValues {
  readonly jobs: readonly string[]
  readonly envs: readonly string[]
}

/** Manages an entry of a user's crontab, or of a file in /etc/cron.d. */
export const cron = defineModule<typeof schema, CronValues>({
  name: 'cron',
  schema,
  reads: (params) =>
    params.cron_file === undefined
      ? [...crontabOf(params, contentOf, treeAt), ...accountsOf({ owner: params.user }), 'package:cron']
      : entryAt(params.cron_file),
  sets: (params) =>
    params.cron_file === undefined ? crontabOf(params, setContent, setTree) : setContent(params.cron_file),
  title: ({ name, state }) => `${name}${state === 'absent' ? ' absent' : ''}`,
  printsFiles: true,
  probe: (params) =>
    params.cron_file === undefined
      ? [
          'command -v crontab >/dev/null || { echo no-crontab; exit 0; }',
          defineCrontab(params),
          'lb_text=$(lb_crontab -l; echo "x$?") || exit',
          `printf %s "$lb_text"`,
        ].join('\n')
      : pathProbe(textFileQuery(fileAt(params.cron_file))),
  plan: (params, observed) =>
    params.cron_file === undefined ? planCrontab(params, observed) : planCronFile(params, params.cron_file, observed),
})

const SPOOL = '/var/spool/cron/crontabs'

const crontabOf = (
  { user }: Params,
  keysOf: (path: string) => string[],
  keysBelow: (path: string) => string[],
): string[] => (user === undefined ? keysBelow(SPOOL) : keysOf(`${SPOOL}/${user}`))

/** Shell text that defines `lb_crontab`. Only root may name a user, also when it is the user of the task. */
const defineCrontab = ({ user }: Params): string =>
  user === undefined
    ? 'lb_crontab() { crontab "$@"; }'
    : sh`lb_crontab() { if [ "$(id -un)" = ${user} ]; then crontab "$@"; else crontab -u ${user} "$@"; fi; }`

const describe = ({ name, state, env }: Params): string =>
  `${state === 'absent' ? 'remove' : 'set'} ${env ? 'variable' : 'job'} "${name}"`

function planCrontab(params: Params, { stdout, stderr }: Observed): Plan<CronValues> {
  const { user } = params
  const whose = user === undefined ? 'the crontab' : `the crontab of ${user}`
  if (stdout.trim() === 'no-crontab')
    return { changes: [], problem: 'crontab not found on this host: install the package cron' }
  const [, output = '', code = ''] = /^([^]*)x(\d+)$/.exec(stdout.trimEnd()) ?? []
  const isNone = code !== '0' && /no crontab for|can't open '[^']*': No such file/.test(stderr)
  if (code !== '0' && !isNone) return { changes: [], problem: `cannot read ${whose}: ${lastLine(stderr)}` }
  const before = isNone ? '' : withoutHeader(output)
  const after = tried(before, params)
  if (after instanceof PatternError) return { changes: [], problem: `${whose}: ${after.message}` }
  const values = namesIn(after)
  if (after === before) return { changes: [], values, confidential: true }
  const script = [
    defineCrontab(params),
    'lb_text=$(lb_crontab -l 2>/dev/null; echo "x$?")',
    sh`[ "$(printf %s "$lb_text" | sha256sum)" = ${`${sha256(stdout.trimEnd())}  -`} ] || exit ${CHANGED_MEANWHILE}`,
    sh`printf %s ${after} | lb_crontab - || exit`,
  ].join('\n')
  const hidden = (text: string): string => (text === '' ? '' : '(not shown: only its user can read it)\n')
  return {
    changes: [
      {
        description: `${describe(params)} in ${whose}`,
        script,
        outdatedExitCode: CHANGED_MEANWHILE,
        sets: crontabOf(params, setContent, setTree),
        diff: { subject: whose, before: hidden(before), after: hidden(after) },
      },
    ],
    values,
    confidential: true,
  }
}

const tried = (text: string, params: Params): string | PatternError => {
  try {
    return editCrontab(text, cronEntry(params))
  } catch (error) {
    if (error instanceof MissingVariable) return new PatternError(error.message)
    throw error
  }
}

const fileAt = (path: string): TextFile => ({ path, backup: false })

function planCronFile(params: Params, path: string, observed: Observed): Plan<CronValues> {
  const facts = parsePathFacts(observed)
  const before = typeof facts === 'string' ? '' : (facts.content ?? '')
  const after = tried(before, params)
  const values = namesIn(after instanceof PatternError ? before : after)
  if (
    typeof facts !== 'string' &&
    after !== before &&
    params.state === 'absent' &&
    !params.env &&
    isEmpty(String(after))
  )
    return {
      changes: [
        {
          description: `${describe(params)}, the last one, with ${path}`,
          script: sh`rm -f -- ${path} || exit`,
          sets: setContent(path),
        },
      ],
      values,
      confidential: isOrBecomesPrivate(facts),
    }
  const edit = {
    edited: (text: string): string => {
      const edited = tried(text, params)
      if (edited instanceof PatternError) throw edited
      return edited
    },
    ifMissing: params.state === 'absent' ? ('ok' as const) : ('create' as const),
    notConvergent: 'this entry does not converge: each run would change it again',
    description: () => `${describe(params)} in ${path}`,
  }
  return planTextEdit(fileAt(path), edit, observed, values)
}
