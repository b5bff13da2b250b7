import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { planCommand, resultOf, type CommandParams, type CommandValues } from '../support/run-command.ts'
import { secretText, targetFile } from '../support/params.ts'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** Shell text. */
  cmd: secretText.refine((text) => String(text).trim() !== '', { error: 'the command is empty' }),
  /** Shell to use instead of the host's sh, with its option `-c`. */
  executable: targetFile.optional(),
})

type Params = z.output<typeof schema>

const line = ({ cmd }: Params): string => String(cmd)
const OPTIONS: CommandParams = { read_only: false, stdin_add_newline: true }

/** In a subshell: no syntax error or `exit` affects the surrounding script. */
const text = ({ cmd, executable }: Params): string =>
  executable === undefined ? sh`( eval ${cmd} )` : sh`printf %s ${cmd} | ${executable} /dev/fd/3 3<&0 </dev/null`

/**
 * Runs shell text on the host; always changed. No module of Labbook needs Python on hosts: `shell` does the same, with
 * more parameters.
 */
export const raw = defineModule<typeof schema, CommandValues>({
  name: 'raw',
  schema,
  reads: () => [],
  title: (params) => shorten(line(params)),
  probe: () => ':',
  plan: (params, observed) => planCommand(OPTIONS, line(params), text(params), observed),
  result: (params, applied) => resultOf(line(params), applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
})
