import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { contentOf, setContent } from '../support/effects.ts'
import { replaceFile } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'

/** Labels of letters, digits and inner hyphens; 64 characters is the kernel's limit. */
const HOSTNAME = /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

const schema = z.strictObject({
  name: z.string().regex(HOSTNAME, { error: 'must be a hostname: letters, digits and hyphens, at most 64 characters' }),
})

const STATIC = '/etc/hostname'
const LIVE = '/proc/sys/kernel/hostname'

/** Sets the hostname, in the running kernel and in /etc/hostname. */
export const hostname = defineModule<typeof schema, { readonly name: string }>({
  name: 'hostname',
  schema,
  reads: () => [...contentOf(STATIC), LIVE],
  sets: () => [...setContent(STATIC), LIVE],
  title: ({ name }) => name,
  probe: () =>
    [
      'read -r lb_live </proc/sys/kernel/hostname; printf \'%s\\n\' "$lb_live"',
      'lb_kept=; [ -r /etc/hostname ] && read -r lb_kept </etc/hostname; printf \'%s\\n\' "$lb_kept"',
      '[ -w /proc/sys/kernel/hostname ] || echo not-writable',
    ].join('\n'),
  plan({ name }, { stdout }) {
    const [live = '', stored = '', writable] = stdout.split('\n')
    if (live !== name && writable === 'not-writable')
      return { changes: [], problem: 'the hostname can only be set as root (become: true)' }
    return {
      changes: [
        ...(stored === name
          ? []
          : [
              {
                description: `set the hostname in /etc/hostname to ${name}${stored === '' ? '' : ` (was ${stored})`}`,
                script: replaceFile({
                  path: '/etc/hostname',
                  fill: sh`printf '%s\\n' ${name} >&8`,
                  mode: 0o644,
                }),
                sets: setContent(STATIC),
                diff: { subject: '/etc/hostname', before: stored === '' ? '' : `${stored}\n`, after: `${name}\n` },
              },
            ]),
        // hostnamectl writes the same file; setting the kernel's value requires no daemon.
        ...(live === name
          ? []
          : [
              {
                description: `set the hostname to ${name} (was ${live})`,
                script: sh`printf '%s\\n' ${name} >/proc/sys/kernel/hostname || exit`,
                sets: [LIVE],
              },
            ]),
      ],
      values: { name },
    }
  },
})
