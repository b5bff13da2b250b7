import { z } from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Secret } from '../../values/secret.ts'
import type { Plan, Result } from '../module.ts'
import type { Observed } from '../observed.ts'
import { contentOf } from './effects.ts'
import { secretText, targetFile } from './params.ts'
import { lastLine } from './text.ts'

/** Parameters that `command` and `shell` share. */
export const running = {
  /** The folder to run in. */
  chdir: targetFile.optional(),
  /** A path that the command makes: where it is there, nothing runs. */
  creates: targetFile.optional(),
  /** A path that the command takes away: where it is not there, nothing runs. */
  removes: targetFile.optional(),
  stdin: secretText.optional(),
  /** Ends `stdin` with a newline. */
  stdin_add_newline: z.boolean().default(true),
  /**
   * The author's word that the command only looks. It then runs in check mode too and never counts as a change; its
   * output can be registered.
   */
  read_only: z.boolean().default(false),
}

/** {@link running} as given. */
export interface Running {
  readonly chdir?: string | undefined
  readonly creates?: string | undefined
  readonly removes?: string | undefined
  readonly stdin?: string | Secret | undefined
  readonly stdin_add_newline: boolean
  readonly read_only: boolean
}

/** For a schema's `refine`: what only looks makes and removes nothing. */
export const looksOrChanges = ({ read_only, creates, removes }: Running): boolean =>
  !read_only || (creates === undefined && removes === undefined)

/** What `register` keeps of a command. */
export interface CommandValues {
  readonly cmd: string
  /** Without the newlines at its end. */
  readonly stdout: string
  readonly stderr: string
  readonly rc: number
  readonly stdout_lines: readonly string[]
  readonly stderr_lines: readonly string[]
}

/** What a command looks at may be anything; whether one that changes something runs is a matter of two paths. */
export const readsOf = ({ read_only, creates, removes }: Running): readonly string[] | undefined =>
  read_only ? undefined : [creates, removes].filter((path) => path !== undefined).flatMap(contentOf)

/** What a command does may be anything. */
export const setsOf = ({ read_only }: Running): readonly string[] | undefined => (read_only ? [] : undefined)

/** The probe: the command itself if it only looks, else whether it has to run. */
export function probeCommand(params: Running, command: string): string {
  if (params.read_only) return commandScript(params, command)
  const { creates, removes } = params
  return [
    ...(creates === undefined ? [] : [sh`if [ -e ${creates} ] || [ -L ${creates} ]; then echo created; exit 0; fi`]),
    ...(removes === undefined
      ? []
      : [sh`if ! [ -e ${removes} ] && ! [ -L ${removes} ]; then echo removed; exit 0; fi`]),
    ':',
  ].join('\n')
}

/** Runs it, or finds that there is nothing to run. */
export function planCommand(params: Running, cmd: string, command: string, observed: Observed): Plan<CommandValues> {
  if (params.read_only) {
    const { values, failed } = resultOf(cmd, observed)
    return { changes: [], values, ...(failed === undefined ? {} : { problem: failed }) }
  }
  const found = observed.stdout.trim()
  if (found === 'created') return skipped(cmd, `skipped, since ${params.creates} exists`)
  if (found === 'removed') return skipped(cmd, `skipped, since ${params.removes} does not exist`)
  const where = params.chdir === undefined ? '' : ` in ${params.chdir}`
  return { changes: [{ description: `run${where}: ${cmd}`, script: commandScript(params, command) }] }
}

/** What the command that ran said. */
export function resultOf(cmd: string, { stdout, stderr, exitCode }: Observed): Result<CommandValues> {
  const out = stdout.replace(/[\r\n]+$/, '')
  const err = stderr.replace(/[\r\n]+$/, '')
  const values = { cmd, stdout: out, stderr: err, rc: exitCode, stdout_lines: lines(out), stderr_lines: lines(err) }
  if (exitCode === 0) return { values }
  const said = lastLine(err) || lastLine(out)
  return { values, failed: `non-zero return code ${exitCode}${said === '' ? '' : `: ${said}`}` }
}

const skipped = (cmd: string, stdout: string): Plan<CommandValues> => ({
  changes: [],
  values: resultOf(cmd, { stdout, stderr: '', exitCode: 0 }).values,
})

const lines = (text: string): string[] => (text === '' ? [] : text.split(/\r?\n/))

function commandScript({ chdir, stdin, stdin_add_newline }: Running, command: string): string {
  const input = stdin === undefined ? '' : sh`printf ${stdin_add_newline ? '%s\\n' : '%s'} ${stdin} | `
  return `${chdir === undefined ? '' : sh`cd ${chdir} || exit\n`}${input}${command}`
}
