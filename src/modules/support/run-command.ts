import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { reveal, type Secret } from '../../values/secret.ts'
import type { Plan, Result } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { contentOf, treeAt } from './effects.ts'
import { globWord } from './glob-word.ts'
import { secretText, targetFile } from './params.ts'
import { lastLine } from './text.ts'

/** Parameters that `command` and `shell` share. */
export const commandParams = {
  /** Working directory. */
  chdir: targetFile.optional(),
  /** A path that the command creates, or a glob pattern: if it exists, the command is skipped. */
  creates: targetFile.optional(),
  /** A path that the command removes, or a glob pattern: if it does not exist, the command is skipped. */
  removes: targetFile.optional(),
  stdin: secretText.optional(),
  /** Append a newline to `stdin`. */
  stdin_add_newline: z.boolean().default(true),
  /**
   * Declares that the command is read-only. It then also runs in check mode and never reports changed; its output can
   * be registered.
   */
  read_only: z.boolean().default(false),
}

/** Values of {@link commandParams}. */
export interface CommandParams {
  readonly chdir?: string | undefined
  readonly creates?: string | undefined
  readonly removes?: string | undefined
  readonly stdin?: string | Secret | undefined
  readonly stdin_add_newline: boolean
  readonly read_only: boolean
}

/** For a schema's `refine`: a read-only command neither creates nor removes anything. */
export const isReadOnlyOrChanges = ({ read_only, creates, removes }: CommandParams): boolean =>
  !read_only || (creates === undefined && removes === undefined)

/** Registered value of a command. */
export interface CommandValues {
  readonly cmd: string
  /** Without trailing newlines. */
  readonly stdout: string
  readonly stderr: string
  readonly rc: number
  readonly stdout_lines: readonly string[]
  readonly stderr_lines: readonly string[]
}

/** A read-only command may read anything; whether another one runs depends on two paths. */
export const readsOf = ({ read_only, creates, removes }: CommandParams): readonly string[] | undefined =>
  read_only ? undefined : [creates, removes].filter((path) => path !== undefined).flatMap(matchesOf)

/** Reads: what a glob pattern matches. */
function matchesOf(pattern: string): string[] {
  const literal = /^[^*?[]*/.exec(pattern)?.[0] ?? ''
  return literal === pattern ? contentOf(pattern) : treeAt(posix.dirname(`${literal}x`))
}

/** A command may change anything. */
export const setsOf = ({ read_only }: CommandParams): readonly string[] | undefined => (read_only ? [] : undefined)

/** The probe: the command itself if it is read-only, else whether it has to run. */
export function probeCommand(params: CommandParams, command: string): string {
  if (params.read_only) return commandScript(params, command)
  const { chdir, creates, removes } = params
  const anyOf = (pattern: string): string =>
    `for lb_f in ${globWord(pattern)}; do if [ -e "$lb_f" ] || [ -L "$lb_f" ]; then lb_any=yes; break; fi; done`
  return [
    'set +f',
    ...(chdir === undefined ? [] : [sh`if ! [ -d ${chdir} ] || ! [ -x ${chdir} ]; then echo no-chdir; exit 0; fi`]),
    ...(creates === undefined ? [] : ['lb_any=', anyOf(creates), 'if [ -n "$lb_any" ]; then echo created; exit 0; fi']),
    ...(removes === undefined ? [] : ['lb_any=', anyOf(removes), 'if [ -z "$lb_any" ]; then echo removed; exit 0; fi']),
    ':',
  ].join('\n')
}

/** Plans the command, or skips it. */
export function planCommand(
  params: CommandParams,
  cmd: string,
  command: string,
  observed: Observed,
): Plan<CommandValues> {
  if (params.read_only) {
    const { values, failed } = resultOf(cmd, observed)
    return { changes: [], values, ...(failed === undefined ? {} : { problem: failed }) }
  }
  const found = observed.stdout.trim()
  const { chdir } = params
  if (found === 'no-chdir' && chdir !== undefined)
    return { changes: [], problem: `chdir: ${chdir} is not a directory on this host`, reads: contentOf(chdir) }
  if (found === 'created') return skipped(cmd, `skipped, since ${params.creates} exists`)
  if (found === 'removed') return skipped(cmd, `skipped, since ${params.removes} does not exist`)
  const where = params.chdir === undefined ? '' : ` in ${params.chdir}`
  return { changes: [{ description: `run${where}: ${cmd}`, script: commandScript(params, command) }] }
}

/** Result of a command. */
export function resultOf(cmd: string, { stdout, stderr, exitCode }: Observed): Result<CommandValues> {
  const out = stdout.replace(/[\r\n]+$/, '')
  const err = stderr.replace(/[\r\n]+$/, '')
  const values = { cmd, stdout: out, stderr: err, rc: exitCode, stdout_lines: lines(out), stderr_lines: lines(err) }
  if (exitCode === 0) return { values }
  const lastOutput = lastLine(err) || lastLine(out)
  return { values, failed: `non-zero return code ${exitCode}${lastOutput === '' ? '' : `: ${lastOutput}`}` }
}

const skipped = (cmd: string, stdout: string): Plan<CommandValues> => ({
  changes: [],
  values: resultOf(cmd, { stdout, stderr: '', exitCode: 0 }).values,
})

/** As Python's `splitlines`: a progress bar has a line for each `\r`. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/
const lines = (text: string): string[] => {
  const found = text.split(LINE_END)
  return found.at(-1) === '' ? found.slice(0, -1) : found
}

function commandScript({ chdir, stdin, stdin_add_newline }: CommandParams, command: string): string {
  // As in Ansible, an empty text gets no newline.
  const input =
    stdin === undefined || reveal(stdin) === '' ? '' : sh`printf ${stdin_add_newline ? '%s\\n' : '%s'} ${stdin} | `
  return `${chdir === undefined ? '' : sh`cd ${chdir} || exit\n`}${input}${command}`
}
