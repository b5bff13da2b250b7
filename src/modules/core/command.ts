import * as z from 'zod'
import { quote, sh } from '../../shell/quote.ts'
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
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const cmd = z.string().transform((line, context) => {
  try {
    if (splitWords(line).length > 0) return line
    context.addIssue({ code: 'custom', message: 'the command is empty' })
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as SyntaxError).message })
  }
  return z.NEVER
})

const schema = z
  .strictObject({
    /**
     * Command line. It is not processed by a shell: `|`, `*` and, unlike in Ansible, `$HOME` are literal; use `shell`
     * for those. A word that begins with `~/` or `~USER/` is below that home.
     */
    cmd: cmd.optional(),
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
const commandLine = (params: Params): string => params.cmd ?? sh`${argumentsOf(params)}`
/** `exec` runs programs only, never a builtin or function of the surrounding shell script. */
const commandText = (params: Params): string => `( exec ${argumentsOf(params).map(wordOf).join(' ')} )`

/** A word for the shell, which replaces `~` and `~USER` at its start. */
function wordOf(argument: string): string {
  const [home = '', rest = ''] = /^(~(?:[a-z_][a-z0-9_-]*)?)((?:\/[^]*)?)$/.exec(argument)?.slice(1) ?? []
  if (home === '') return quote(argument)
  return rest.length < 2 ? home + rest : `${home}/${quote(rest.slice(1))}`
}

/** Runs a command. Always reports changed, unless `creates`, `removes` or `read_only` is set. */
export const command = defineModule<typeof schema, CommandValues>({
  name: 'command',
  schema,
  reads: readsOf,
  sets: setsOf,
  title: (params) => shorten(commandLine(params)),
  probe: (params) => probeCommand(params, commandText(params)),
  plan: (params, observed) => planCommand(params, commandLine(params), commandText(params), observed),
  result: (params, applied) => resultOf(commandLine(params), applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
})
