import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { contentOf, setContent } from '../support/effects.ts'
import { refusing } from '../support/refusing.ts'
import { replaceFile } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'

const ZONES = '/usr/share/zoneinfo'
const LINK = '/etc/localtime'
/** Debian up to 12 has the name here, too. */
const NAME = '/etc/timezone'

const schema = z.strictObject(
  {
    /** Name of the zone: `Europe/Berlin`, `Etc/UTC`. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, { error: 'must be the name of a zone, such as Europe/Berlin' }),
  },
  { error: refusing({ hwclock: 'set the clock with a command: hwclock --systohc', rtc: 'set it with a command' }) },
)

/** Sets the time zone: the link /etc/localtime, and the name in /etc/timezone if the host has that file. */
export const timezone = defineModule<typeof schema, { readonly name: string }>({
  name: 'timezone',
  schema,
  reads: ({ name }) => [...contentOf(LINK), ...contentOf(NAME), ...contentOf(`${ZONES}/${name}`)],
  sets: () => [...setContent(LINK), ...setContent(NAME)],
  title: ({ name }) => name,
  probe: ({ name }) =>
    [
      sh`[ -f ${`${ZONES}/${name}`} ] || echo no-zone`,
      `[ ! -L ${LINK} ] || printf 'link %s\\n' "$(readlink ${LINK})"`,
      `if [ -f ${NAME} ]; then read -r lb_zone <${NAME} || [ -n "$lb_zone" ] || :; printf 'name %s\\n' "$lb_zone"; fi`,
      '[ -w /etc ] || echo not-writable',
    ].join('\n'),
  plan({ name }, { stdout }) {
    const lines = stdout.split('\n')
    const field = (key: string): string | undefined =>
      lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1)
    if (lines.includes('no-zone'))
      return {
        changes: [],
        problem: `time zone "${name}" does not exist on this host: is the package tzdata installed?`,
      }
    const link = field('link')?.replace(/^.*\/zoneinfo\//, '')
    const written = field('name')
    const isWrong = written !== undefined && written.trim() !== name
    if (link === name && !isWrong) return { changes: [], values: { name } }
    if (lines.includes('not-writable'))
      return { changes: [], problem: 'the time zone can only be set as root (become: true)' }
    const before = link ?? written ?? 'unknown'
    return {
      changes: [
        ...(link === name
          ? []
          : [
              {
                description: `set the time zone to ${name} (was ${before})`,
                // The rename is atomic.
                script: [
                  sh`ln -s -f -n -- ${`..${ZONES}/${name}`} ${LINK}.labbook || exit`,
                  `mv -f -- ${LINK}.labbook ${LINK} || exit`,
                ].join('\n'),
                sets: setContent(LINK),
                diff: { subject: LINK, before: `${before}\n`, after: `${name}\n` },
              },
            ]),
        ...(isWrong
          ? [
              {
                description: `write ${name} to ${NAME}`,
                script: replaceFile({ path: NAME, fill: sh`printf '%s\\n' ${name} >&8`, mode: 0o644 }),
                sets: setContent(NAME),
                diff: { subject: NAME, before: `${written}\n`, after: `${name}\n` },
              },
            ]
          : []),
      ],
      values: { name },
    }
  },
})
