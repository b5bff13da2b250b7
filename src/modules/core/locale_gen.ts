import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { contentOf, setContent, setTree } from '../support/effects.ts'
import { sha256 } from '../support/file-content.ts'
import { CHANGED_MEANWHILE } from '../support/file-lock.ts'
import { editLocales, isInstalled } from '../support/locales.ts'
import { replaceFile } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'

const FILE = '/etc/locale.gen'
const ARCHIVE = '/usr/lib/locale'

const locale = z.string().regex(/^[A-Za-z0-9_.@-]+$/, { error: 'must be a locale, such as de_CH.UTF-8' })

const schema = z.strictObject({
  /** Locales as in /etc/locale.gen: `de_CH.UTF-8`. */
  name: z.union([
    z
      .string()
      .transform((text) => text.split(',').map((each) => each.trim()))
      .pipe(z.array(locale)),
    z.array(locale).min(1),
  ]),
  state: z.enum(['present', 'absent']).default('present'),
})

/** Generates and removes locales: edits /etc/locale.gen and runs locale-gen. */
export const locale_gen = defineModule<typeof schema, { readonly name: readonly string[] }>({
  name: 'locale_gen',
  schema,
  reads: () => [...contentOf(FILE), 'locales', 'package:locales'],
  sets: () => [...setContent(FILE), ...setTree(ARCHIVE), 'locales'],
  title: ({ name, state }) => `${name.join(', ')}${state === 'absent' ? ' absent' : ''}`,
  timeLimitSeconds: () => 1800,
  probe: () =>
    [
      sh`if [ -f ${FILE} ]; then echo there; fi`,
      'command -v locale-gen >/dev/null || echo no-tool',
      // A failing locale would make the task believe that none is there.
      "lb_all=$(locale -a 2>/dev/null) || exit; printf '%s\\n' \"$lb_all\" | sed 's/^/locale /'",
      'echo content',
      sh`[ ! -f ${FILE} ] || cat ${FILE}`,
    ].join('\n'),
  plan({ name, state }, { stdout, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: 'cannot list the locales of this host: is locale installed?' }
    const at = stdout.indexOf('content\n')
    const head = stdout.slice(0, at).split('\n')
    const text = stdout.slice(at + 'content\n'.length)
    const installed = head.filter((line) => line.startsWith('locale ')).map((line) => line.slice('locale '.length))
    const values = { name }
    const isDone = name.every((each) => isInstalled(each, installed) === (state === 'present'))
    // As in Ansible, locales are absent if one of them is.
    const isAbsent = state === 'absent' && name.some((each) => !isInstalled(each, installed))
    if (isDone || isAbsent) return { changes: [], values }
    if (!head.includes('there') || head.includes('no-tool'))
      return { changes: [], problem: `${FILE} or locale-gen is missing: install the package locales` }
    const { after, unknown } = editLocales(text, name, state === 'present')
    const unavailable = unknown.filter((each) => !isInstalled(each, installed))
    if (unavailable.length > 0)
      return { changes: [], problem: `locales that are not in ${FILE} on this host: ${unavailable.join(', ')}` }
    const verb = state === 'present' ? 'generate' : 'remove'
    const replacement = replaceFile({
      path: FILE,
      fill: sh`printf %s ${after} >&8`,
      size: Buffer.byteLength(after),
      mode: 0o644,
      madeFrom: sha256(text),
    })
    return {
      changes: [
        {
          description: `${verb} locales ${name.join(', ')}`,
          script: sh`${raw(after === text ? ':' : `{ ${replacement}\n}`)}\nlocale-gen >&2 || exit`,
          outdatedExitCode: CHANGED_MEANWHILE,
          sets: [...setContent(FILE), ...setTree(ARCHIVE), 'locales'],
          diff: { subject: FILE, before: text, after },
        },
      ],
      values,
    }
  },
})
