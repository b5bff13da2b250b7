import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { targetFile } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { setTree } from '../support/effects.ts'
import { defineModule } from '../task.ts'

const part = z.string().regex(/^[^/\0\n]*$/, { error: 'must be a part of a file name' })

const schema = z.strictObject({
  state: z.enum(['file', 'directory']).default('file'),
  /** The directory to create it in. Default: `$TMPDIR`, or /tmp. */
  path: targetFile.optional(),
  prefix: part.default('ansible.'),
  suffix: part.default(''),
})

/** Where the file or directory is. */
export interface TempfileValues {
  readonly path: string
}

/** Creates a temporary file (mode 0600) or directory (0700) with a random name. Always reports changed. */
export const tempfile = defineModule<typeof schema, TempfileValues>({
  name: 'tempfile',
  schema,
  reads: () => [],
  // The host only knows $TMPDIR.
  sets: ({ path }) => (path === undefined ? undefined : setTree(path)),
  title: ({ state, path = 'the temporary directory' }) => `${state} in ${path}`,
  probe: ({ path }) => (path === undefined ? 'printf \'%s\\n\' "${TMPDIR:-/tmp}"' : ':'),
  plan(params, { stdout }) {
    const { state, path, prefix, suffix } = params
    const found = stdout.replace(/\n$/, '')
    return {
      changes: [
        {
          description: `create ${state} ${prefix}*${suffix} in ${path ?? 'the temporary directory'}`,
          script: createScript(params),
          ...(path === undefined && found.startsWith('/') ? { sets: setTree(posix.join(found, `${prefix}*`)) } : {}),
        },
      ],
    }
  },
  result(_, applied) {
    const { stdout = '', stderr = '', exitCode } = applied.at(-1) ?? {}
    const values = { path: stdout.replace(/\n$/, '') }
    return exitCode === 0 ? { values } : { values, failed: lastLine(stderr) }
  },
})

/** mktemp of busybox has no suffix. `mkdir` and, with `set -C`, a redirection fail if the name exists. */
function createScript({ state, path, prefix, suffix }: z.output<typeof schema>): string {
  return [
    path === undefined ? 'lb_in=${TMPDIR:-/tmp}' : sh`lb_in=${path}`,
    '[ -d "$lb_in" ] || { echo "$lb_in is not a directory" >&2; exit 1; }',
    'umask 077; set -C; lb_tries=0',
    'while [ "$lb_tries" -lt 10 ]; do',
    '  lb_tries=$((lb_tries + 1)); read -r lb_id </proc/sys/kernel/random/uuid || exit',
    sh`  lb_new=\${lb_in%/}/${prefix}"\${lb_id%%-*}"${suffix}`,
    state === 'file'
      ? '  ( : >"$lb_new" ) 2>/dev/null && { printf \'%s\\n\' "$lb_new"; exit 0; }'
      : '  mkdir -m 0700 -- "$lb_new" 2>/dev/null && { printf \'%s\\n\' "$lb_new"; exit 0; }',
    'done',
    'echo "cannot create a file in $lb_in" >&2; exit 1',
  ].join('\n')
}
