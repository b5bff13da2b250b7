import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { reveal, secret, type Secret } from '../../values/secret.ts'
import { secretText } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const word = z.string().regex(/^[^\s:]+$/, { error: 'must be one word' })
const oneLine = (text: string | Secret): boolean => !reveal(text).includes('\n')

const schema = z
  .strictObject(
    {
      /** The package. */
      name: word,
      /** Such as `tzdata/Areas`. Without it, the task only returns the answers of the package. */
      question: word.optional(),
      vtype: z
        .enum(['boolean', 'error', 'multiselect', 'note', 'password', 'seen', 'select', 'string', 'text', 'title'])
        .optional(),
      /** The answer. A list for `multiselect`: its order does not count. A password is in no record. */
      value: z
        .union([secretText, z.boolean(), z.number(), z.array(z.string())])
        .refine((value) => typeof value !== 'object' || Array.isArray(value) || oneLine(value), 'must be one line')
        .refine((value) => typeof value !== 'string' || oneLine(value), 'must be one line')
        .optional(),
      /** Do not mark the question as seen. */
      unseen: z.boolean().default(false),
    },
    {
      error: refusing({
        answer: 'write value',
        pkg: 'write name',
        selection: 'write question',
        setting: 'write question',
      }),
    },
  )
  .refine(({ question, vtype, value }) => new Set([question, vtype, value].map((it) => it === undefined)).size === 1, {
    error: 'set question, vtype and value together',
  })
  .refine(({ vtype, value }) => !Array.isArray(value) || vtype === 'multiselect', {
    error: 'a list is a value of vtype: multiselect only',
  })

type Params = z.output<typeof schema>

/** Answers, by question. */
export interface DebconfValues {
  readonly msg: string
  readonly current: Readonly<Record<string, unknown>>
  readonly previous?: Readonly<Record<string, string>>
}

/** The text of the value. A password is masked from now on. */
function textOf({ vtype, value }: Params): string | Secret {
  if (vtype === 'password') return secret(typeof value === 'object' && !Array.isArray(value) ? value : String(value))
  if (Array.isArray(value)) return [...value].sort().join(', ')
  if (typeof value === 'object') return value
  return vtype === 'boolean' ? String(value).toLowerCase() : String(value)
}

const DATABASE = ['/var/cache/debconf/config.dat', '/var/cache/debconf/passwords.dat']

/** Answers questions of Debian packages before they are installed. */
export const debconf = defineModule<typeof schema, DebconfValues>({
  name: 'debconf',
  schema,
  title: ({ name, question }) => (question === undefined ? name : `${name} ${question}`),
  // The installation of a package asks its questions.
  reads: ({ name }) => [...DATABASE, `package:${name}`],
  sets: ({ question }) => (question === undefined ? [] : DATABASE),
  probe(params) {
    const { name, question, vtype } = params
    return [
      'command -v debconf-show >/dev/null || exit 127',
      sh`LC_ALL=C debconf-show ${name} 2>/dev/null || exit`,
      ...(question !== undefined && vtype === 'password'
        ? [
            // Compared here, so that no output has it.
            sh`lb_v=$(printf 'GET %s\\n' ${question} | DEBIAN_FRONTEND=noninteractive debconf-communicate ${name} 2>/dev/null)`,
            sh`[ "\${lb_v#0 }" != ${textOf(params)} ] || echo same-password`,
          ]
        : []),
    ].join('\n')
  },
  plan(params, { stdout, stderr, exitCode }) {
    const { name, question, vtype, unseen } = params
    if (exitCode === 127)
      return { changes: [], problem: 'debconf-show not found: debconf is only on Debian and its derivatives' }
    if (exitCode !== 0) return { changes: [], problem: lastLine(stderr) || 'debconf-show failed' }
    const answers = answersOf(stdout)
    const all = Object.fromEntries([...answers].map(([key, { value }]) => [key, value]))
    if (question === undefined || vtype === undefined) return { changes: [], values: { msg: '', current: all } }
    const text = textOf(params)
    const found = answers.get(question)
    if (isAnswered(params, found, /^same-password$/m.test(stdout)))
      return { changes: [], values: { msg: '', current: all } }
    const isSecret = typeof text !== 'string'
    const before = vtype === 'password' ? '' : (found?.value ?? '')
    return {
      changes: [
        {
          description: `answer ${question} of ${name}${isSecret ? '' : ` with "${text}"`}`,
          script: sh`printf '%s %s %s %s\\n' ${name} ${question} ${vtype} ${text} | debconf-set-selections ${raw(unseen ? '-u' : '')} || exit`,
          ...(!isSecret && {
            diff: { subject: question, before: before === '' ? '' : `${before}\n`, after: `${text}\n` },
          }),
        },
      ],
      values: { msg: '', current: { [question]: text } },
      changeValues: { current: { [question]: text }, previous: { [question]: before } },
    }
  },
})

interface DebconfAnswer {
  readonly value: string
  readonly isSeen: boolean
}

/** The lines of debconf-show, such as `* tzdata/Areas: Europe`. */
const answersOf = (stdout: string): Map<string, DebconfAnswer> =>
  new Map(
    [...stdout.matchAll(/^([* ]) ?\s*(\S+?):(.*)$/gm)].map(([, mark, key = '', value = '']) => [
      key,
      { value: value.trim(), isSeen: mark === '*' },
    ]),
  )

function isAnswered(params: Params, found: DebconfAnswer | undefined, isSamePassword: boolean): boolean {
  if (found === undefined) return false
  const text = reveal(textOf(params))
  const { vtype, value } = params
  if (vtype === 'password') return isSamePassword
  if (vtype === 'seen') return String(found.isSeen) === text.toLowerCase()
  if (vtype === 'boolean') return found.value.toLowerCase() === text
  return (Array.isArray(value) ? sortedList(found.value) : found.value) === text
}

/** `b, a` -> `a, b`: the order of a list does not count. */
const sortedList = (list: string): string =>
  list
    .split(',')
    .map((each) => each.trim())
    .sort()
    .join(', ')
