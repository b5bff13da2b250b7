import { z } from 'zod'
import { sh } from '../shell/quote.ts'
import { secretText, targetFile } from './support/params.ts'
import {
  looksOrChanges,
  planCommand,
  probeCommand,
  readsOf,
  resultOf,
  running,
  setsOf,
  type CommandValues,
} from './support/run-command.ts'
import { shorten } from './support/text.ts'
import { defineModule } from './task.ts'

const schema = z
  .strictObject({
    /** Shell text. It travels on stdin, so that secrets in it are in nobody's argv. */
    cmd: secretText.refine((text) => String(text).trim() !== '', { error: 'the command is empty' }),
    /** The shell, or any interpreter, in place of the host's sh: `/bin/bash`. */
    executable: targetFile.optional(),
    ...running,
  })
  .refine(looksOrChanges, { error: 'read_only cannot go with creates or removes' })

type Params = z.output<typeof schema>

const line = ({ cmd }: Params): string => String(cmd)

/** Quoted and evaluated in a shell of its own: no syntax error or `exit` in it reaches the script around it. */
function text({ cmd, executable, stdin }: Params): string {
  if (executable === undefined) return sh`( eval ${cmd} )`
  // The text comes on descriptor 3, so that the commands in it cannot read it in place of their own stdin.
  const piped = sh`printf %s ${cmd} | ${executable} /dev/fd/3 3<&0 `
  return stdin === undefined ? `${piped}</dev/null` : `{ ${piped}<&4; } 4<&0`
}

/** Runs shell text. Without `creates`, `removes` or `read_only` that is always a change. */
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
