import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { quoteWithHome } from '../../shell/quote-with-home.ts'
import { splitWords } from '../../shell/split-words.ts'
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
import { commandLine } from '../support/params.ts'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    /**
     * Command line. It is not processed by a shell: `|`, `*` and, unlike in Ansible, `$HOME` are literal; use `shell`
     * for those. A word that begins with `~/` or `~USER/` is below that home.
     */
    cmd: commandLine.optional(),
    /** Command and arguments as a list. */
    argv: z
      .array(z.union([z.string(), z.number().transform(String)]))
      .nonempty()
      .optional(),
    ...commandParams,
  })
  .refine(({ cmd, argv }) => (cmd === undefined) !== (argv === undefined), { error: 'set either cmd or argv' })
  .refine(isReadOnlyOrChanges, { error: 'read_only cannot be combined with creates or removes' })

type Params = z.output<typeof schema>

const argumentsOf = ({ cmd, argv }: Params): string[] => argv ?? splitWords(cmd ?? '')
const lineOf = (params: Params): string => params.cmd ?? sh`${argumentsOf(params)}`
/** `exec` runs programs only, never a builtin or function of the surrounding shell script. */
const commandText = (params: Params): string => `( exec ${argumentsOf(params).map(quoteWithHome).join(' ')} )`

/** Runs a command. Always reports changed, unless `creates`, `removes` or `read_only` is set. */
export const command = defineModule<typeof schema, CommandValues>({
  name: 'command',
  schema,
  reads: readsOf,
  sets: setsOf,
  title: (params) => shorten(lineOf(params)),
  probe: (params) => probeCommand(params, commandText(params)),
  plan: (params, observed) => planCommand(params, lineOf(params), commandText(params), observed),
  result: (params, applied) => resultOf(lineOf(params), applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
})
