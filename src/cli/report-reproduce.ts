import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { RunStart } from '../events/events.ts'
import { EvidenceError } from '../evidence/index.ts'
import { startAndSummary } from '../evidence/files-summary.ts'
import { directoryFiles, type RunFiles } from '../evidence/run-files.ts'
import type { Summary } from '../evidence/summary.ts'
import { verifyFiles } from '../evidence/verify.ts'
import type { VarSet } from '../playbook/define-vars.ts'
import { quote } from '../shell/quote.ts'
import { Cancelled, confirm, isInteractive } from '../ui/index.ts'
import { PACKAGE_ROOT } from '../values/package-root.ts'
import { AnsibleConfig } from './ansible-config.ts'
import { type OptionSpec, optionsSection, parseCommandLine } from './command-line.ts'
import { CONNECTION_OPTIONS } from './connection-options.ts'
import { parseExtraVars } from './extra-vars.ts'
import { labbookVersion } from './labbook-version.ts'
import { OPTIONS } from './options.ts'
import { readExtraVars } from './read-extra-vars.ts'
import { repeatedCommand, type ReadersPart, type RecordedProgram, type RepeatedCommand } from './recorded-command.ts'
import { fileIn } from './recorded-file.ts'
import type { ReportProject } from './report-project.ts'
import { filesOf } from './report-verify.ts'
import { reproductionOf, reproductionText, type ReproducedFinding } from './reproduction.ts'
import { runDirectory, runNames } from './run-argument.ts'
import { UsageError } from './usage-error.ts'
import { openVault, VAULT_OPTIONS, vaultOptions } from './vault-options.ts'

/** Passed on to the playbook: all that is about the reader's hosts, terminal and consent. */
const PASSED_ON = {
  inventory: OPTIONS.inventory,
  limit: OPTIONS.limit,
  repeat: OPTIONS.repeat,
  'extra-vars': OPTIONS['extra-vars'],
  verbose: OPTIONS.verbose,
  provider: OPTIONS.provider,
  ...CONNECTION_OPTIONS,
  'ask-become-pass': OPTIONS['ask-become-pass'],
  ...VAULT_OPTIONS,
  'allow-faults': OPTIONS['allow-faults'],
  'no-input': OPTIONS['no-input'],
  yes: OPTIONS.yes,
} as const

const OWN = {
  with: { value: 'RUN', help: 'compare with this run, instead of running the playbook' },
  json: { help: 'print the comparison as JSON; output of the playbook is printed to stderr' },
  help: { short: 'h', help: 'show this help' },
} as const

const SPECS = { ...OWN, ...PASSED_ON } as const satisfies Readonly<Record<string, OptionSpec>>

const help = (
  command: string,
): string => `Runs the playbook of a run again, with the same variables, on your hosts, and compares the findings.

Usage: ${command} reproduce RUN | BUNDLE.zip [options]

${optionsSection(OWN)}
${optionsSection(PASSED_ON).replace(/^Options/, 'Options of the playbook; yours replace those of the run')}
Exit codes:
  0  all findings are reproduced
  1  error: command line, or the playbook did not run
  2  a finding is not reproduced
  3  a finding is inconclusive in one of the two runs, or missing here
`

/** `report.mjs reproduce`, `labbook report reproduce`. @returns the exit code. @throws {UsageError | EvidenceError} */
export async function reproduceCommand(
  argv: readonly string[],
  runs: string,
  command: string,
  { vars }: ReportProject,
): Promise<number> {
  const parsed = parseCommandLine<keyof typeof SPECS>(argv, SPECS)
  if (parsed === 'help') {
    process.stdout.write(help(command))
    return 0
  }
  const { all, positionals } = parsed
  const [run, ...others] = positionals
  if (run === undefined || others.length > 0)
    throw new UsageError(`reproduce takes one run, not ${positionals.length}: ${command} reproduce RUN`)
  const json = all('json').length > 0
  const files = filesOf(run, runs)
  requireUnchanged(run, files)
  const { start, summary } = startAndSummary(files)
  if (summary.findings.length === 0) throw new UsageError(`${run} has no findings to reproduce`)
  const other = all('with').at(-1)
  const repeated =
    other === undefined
      ? await readersPart(all)
          .then(async (reader) => repeat(start, reader, { runs, json, vars: (await vars?.()) ?? [] }))
          .catch(orCancelled)
      : startAndSummary(directoryFiles(realpathSync(runDirectory(other, runs)))).summary
  if (repeated === undefined) return 1
  const findings = reproductionOf(summary, repeated)
  process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : `\n${reproductionText(findings)}\n`)
  return exitCodeOf(findings)
}

/** Numbers that somebody changed afterwards are not those of the run. */
function requireUnchanged(run: string, files: RunFiles): void {
  const { status, problems } = verifyFiles(files)
  if (status === 'changed') throw new EvidenceError(`${run} is not intact: ${problems.join('; ')}`)
}

function exitCodeOf(findings: readonly ReproducedFinding[]): number {
  const has = (wanted: ReproducedFinding['result']): boolean => findings.some(({ result }) => result === wanted)
  return has('not reproduced') ? 2 : has('inconclusive') ? 3 : 0
}

async function readersPart(all: (name: keyof typeof SPECS) => readonly string[]): Promise<ReadersPart> {
  const sources = all('extra-vars').map(parseExtraVars)
  const names = Object.keys(PASSED_ON) as (keyof typeof PASSED_ON)[]
  const [noInput, json] = [all('no-input').length > 0, all('json').length > 0]
  const canPrompt = isInteractive({ noInput, yes: false, json, ...process })
  // Only files may be encrypted; the inventory is read by the playbook.
  const vault = sources.some(({ kind }) => kind === 'file')
    ? await openVault(vaultOptions(all, !noInput && !json), new AnsibleConfig(process.env), canPrompt)
    : undefined
  return {
    argv: names.flatMap((name) =>
      all(name).flatMap((value) => ('value' in PASSED_ON[name] ? [`--${name}`, value] : [`--${name}`])),
    ),
    extraVars: readExtraVars(sources, vault),
    files: sources.flatMap((source) => (source.kind === 'file' ? [path.basename(source.path)] : [])),
  }
}

/** The user cancelled a prompt: nothing runs. */
function orCancelled(error: unknown): undefined {
  if (!(error instanceof Cancelled)) throw error
}

/**
 * Runs the playbook in a process of its kind.
 *
 * @returns undefined if it made no run. @throws {UsageError | Cancelled}
 */
async function repeat(
  start: RunStart,
  reader: ReadersPart,
  { runs, json, vars }: { readonly runs: string; readonly json: boolean; readonly vars: readonly VarSet[] },
): Promise<Summary | undefined> {
  const find = (recorded: string): string | undefined => fileIn(path.dirname(runs), runs, recorded, 'any')
  const command = repeatedCommand(start, reader, { vars, find })
  const program = programIn(runs, command.program)
  describe(program, command, start)
  if (
    isInteractive({ noInput: reader.argv.includes('--no-input'), yes: reader.argv.includes('--yes'), json, ...process })
  ) {
    if (!(await confirm('Run it on your hosts?'))) return undefined
  }
  const before = new Set(runNames(runs))
  spawnSync(process.execPath, [...program.argv, ...command.args], {
    cwd: process.cwd(),
    stdio: ['inherit', json ? 2 : 1, 2],
  })
  const made = runNames(runs).find((name) => !before.has(name) && name.includes(`-${start.playbook}`))
  return made === undefined ? undefined : startAndSummary(directoryFiles(path.join(runs, made))).summary
}

/** A program of the reader's project. */
interface Program {
  /** Arguments of Node. */
  readonly argv: readonly string[]
  /** As a user types it. */
  readonly typed: string
}

/** The same program in the reader's project. @throws {UsageError} the project lacks it. */
function programIn(runs: string, program: RecordedProgram): Program {
  const root = path.dirname(runs)
  if (program.kind === 'entry') {
    const entry = path.join(root, 'playbooks', `${program.name}.mjs`)
    if (existsSync(entry)) return { argv: [entry], typed: `npx zx playbooks/${program.name}.mjs` }
    throw new UsageError(`the run is of playbooks/${program.name}.mjs, which this project lacks`)
  }
  const found = fileIn(root, runs, program.file)
  if (found === undefined) throw new UsageError(`the run is of the playbook ${program.file}, which this project lacks`)
  const file = path.relative(process.cwd(), found)
  return { argv: [LABBOOK, 'run', file], typed: `npx labbook run ${quote(file)}` }
}

const LABBOOK = path.join(PACKAGE_ROOT, 'src/cli/labbook.mjs')

function describe({ typed }: Program, { args, notes }: RepeatedCommand, { version }: RunStart): void {
  const here = labbookVersion()
  const lines = [
    [typed, ...args.map(quote)].join(' '),
    ...notes,
    ...(here === version ? [] : [`the run is of Labbook ${version}, this is ${here}`]),
  ]
  process.stderr.write(lines.map((line) => `${line}\n`).join(''))
}
