import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { secretText, targetFile } from '../support/params.ts'
import {
  isReadOnlyOrChanges,
  planCommand,
  probeCommand,
  readsOf,
  resultOf,
  commandParams,
  setsOf,
  type CommandValues,
} from '../support/run-command.ts'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    /** Shell text. It is passed on stdin, so that secrets in it are in no argv. */
    cmd: secretText.refine((text) => String(text).trim() !== '', { error: 'the command is empty' }),
    /** Shell or other interpreter to use instead of the host's sh: `/bin/bash`. */
    executable: targetFile.optional(),
    ...commandParams,
  })
  .refine(isReadOnlyOrChanges, { error: 'read_only cannot be combined with creates or removes' })

type Params = z.output<typeof schema>

const line = ({ cmd }: Params): string => String(cmd)

/** Evaluated in a subshell: no syntax error or `exit` affects the surrounding script. */
function text({ cmd, executable, stdin }: Params): string {
  if (executable === undefined) return sh`( eval ${cmd} )`
  // The text is read from descriptor 3, so that its commands cannot read it as their stdin.
  const piped = sh`printf %s ${cmd} | ${executable} /dev/fd/3 3<&0 `
  return stdin === undefined ? `${piped}</dev/null` : `{ ${piped}<&4; } 4<&0`
}

/** Runs shell commands. Always reports changed, unless `creates`, `removes` or `read_only` is set. */
export const shell = defineModule<typeof schema, CommandValues>({
  name: 'shell',
  schema,
  reads: readsOf,
  sets: setsOf,
  title: (params) => shorten(line(params)),
  probe: (params) => probeCommand(params, text(params)),
  plan: (params, observed) => planCommand(params, line(params), text(params), observed),
  result: (params, applied) => resultOf(line(params), applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
})
