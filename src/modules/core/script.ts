import { posix } from 'node:path'
import * as z from 'zod'
import { quote } from '../../shell/quote.ts'
import { splitWords } from '../../shell/split-words.ts'
import type { Inputs } from '../module.ts'
import { printBytes } from '../support/file-content.ts'
import { targetFile } from '../support/params.ts'
import {
  planCommand,
  probeCommand,
  readsOf,
  resultOf,
  setsOf,
  type CommandParams,
  type CommandValues,
} from '../support/run-command.ts'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

/** A word of a command line, with its quotes. */
const FIRST_WORD = /^\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/

const schema = z.strictObject({
  /**
   * A script on the controller, and its arguments as shell text: variables of the host, `*` and `|` work there, as in
   * Ansible.
   */
  cmd: z.string().superRefine((line, context) => {
    if (!FIRST_WORD.test(line)) context.addIssue({ code: 'custom', message: 'must begin with the path of a script' })
  }),
  /** Interpreter, with options: `python3 -u`. Without it, the script's first line names it. */
  executable: z.string().min(1).optional(),
  /** Working directory. */
  chdir: targetFile.optional(),
  /** A path that the script creates, or a glob pattern: if it exists, the script is skipped. */
  creates: targetFile.optional(),
  /** A path that the script removes, or a glob pattern: if it does not exist, the script is skipped. */
  removes: targetFile.optional(),
})

type Params = z.output<typeof schema>

const firstWord = ({ cmd }: Params): string => FIRST_WORD.exec(cmd)?.[1] ?? ''
const fileOf = (params: Params): string => splitWords(firstWord(params))[0] ?? ''
const commandParams = (params: Params): CommandParams => ({ ...params, read_only: false, stdin_add_newline: true })

/** Runs the script from a file that only the task's user can read. */
function commandText(params: Params, inputs: Inputs): string {
  const { cmd, executable } = params
  const rest = cmd.slice(cmd.indexOf(firstWord(params)) + firstWord(params).length)
  const name = posix.basename(fileOf(params)).replaceAll(/[^A-Za-z0-9._-]/g, '_')
  const interpreter = executable === undefined ? '' : `${splitWords(executable).map(quote).join(' ')} `
  return [
    '(',
    `lb_dir=$(mktemp -d) || exit; trap 'rm -rf -- "$lb_dir"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    `LABBOOK_SCRIPT=$lb_dir/${name}`,
    `${printBytes(inputs['script'] ?? Buffer.alloc(0))} >"$LABBOOK_SCRIPT" && chmod 700 -- "$LABBOOK_SCRIPT" || exit`,
    `eval ${quote(`${interpreter}"$LABBOOK_SCRIPT"${rest}`)}`,
    ')',
  ].join('\n')
}

/** Runs a script of the controller on the host. Always reports changed, unless `creates` or `removes` is set. */
export const script = defineModule<typeof schema, CommandValues>({
  name: 'script',
  schema,
  reads: (params) => readsOf(commandParams(params)),
  sets: (params) => setsOf(commandParams(params)),
  title: ({ cmd }) => shorten(cmd),
  inputs: (params) => ({ script: fileOf(params) }),
  probe: (params, inputs) => probeCommand(commandParams(params), commandText(params, inputs)),
  plan: (params, observed, inputs) =>
    planCommand(commandParams(params), params.cmd, commandText(params, inputs), observed),
  result: ({ cmd }, applied) => resultOf(cmd, applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
})
