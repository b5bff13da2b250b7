import path from 'node:path'
import { ConnectionConfigError, connectionSettings, setConnectionDefaults } from '../connection/index.ts'
import { EvidenceError } from '../evidence/index.ts'
import { InventoryError, limitHosts, PatternError, readInventory, type Inventory } from '../inventory/index.ts'
import { disturbanceLines, disturbedHosts, permissionFor, RunRefused, type PlannedRun } from '../runner/disturbance.ts'
import { PlaybookError, type PlaybookStep } from '../playbook/play.ts'
import { hostsOf } from '../runner/step-selection.ts'
import { promptHosts, promptPassword, promptText, isInteractive, Cancelled, confirm } from '../ui/index.ts'
import { inventoryVariables, renderVariables } from '../playbook/variables.ts'
import { isStepSelectable } from '../playbook/tags.ts'
import { locationOf } from '../values/call-site.ts'
import { VarReadTracker } from '../values/var-reads.ts'
import { AnsibleConfig } from './ansible-config.ts'
import { COMPLETE_VARIABLE } from './completion/variable.ts'
import { connectionChoices, type ConnectionChoices } from './connection-choices.ts'
import { execute } from './execute.ts'
import type { PreparedRun } from './prepared-run.ts'
import { LabError } from '../lab/lab.ts'
import { helpText } from './help.ts'
import { labMachineTest, withLab, withSelectedProvider } from './lab.ts'
import { listExperiments } from './list-experiments.ts'
import { inventoryFiles, playbookDirectory } from './inventory-files.ts'
import { labbookVersion } from './labbook-version.ts'
import { withLocalhost } from './localhost.ts'
import { expandLimit, limitOf } from './limit.ts'
import { listHosts, listTasks } from './list.ts'
import { exitCodeWithOutput } from './lost-output.ts'
import { isSelectable, listTags } from './list-tags.ts'
import { checkProjectFile } from './project-file.ts'
import { prepareConnections } from './prepare-connections.ts'
import { parseOptions, type CliOptions } from './options.ts'
import { failedHosts, namingRun, nothingToRetry, retriedHosts, retriedHostsText } from './retry-failed.ts'
import { syntaxCheck, type SyntaxCheck } from './syntax-check.ts'
import { PlanOutdated } from './apply-plan.ts'
import { readPlan } from './saved-plan.ts'
import { tagWarnings } from './tag-warnings.ts'
import { stepsOf, type Playbook } from './playbook.ts'
import { readExtraVars } from './read-extra-vars.ts'
import { UsageError } from './usage-error.ts'
import { withPromptedVars } from './vars-prompt.ts'
import { toText } from '../values/to-text.ts'
import { openVault } from './vault-options.ts'

/** Errors that the user can fix: only their message is printed. */
const EXPECTED = [
  UsageError,
  InventoryError,
  PatternError,
  ConnectionConfigError,
  EvidenceError,
  PlaybookError,
  LabError,
] as const

/**
 * Runs a playbook from its command line.
 *
 * @param root - the project directory, with `templates/` and `runs/`.
 * @param command - what runs the playbook, for `--help`.
 * @param commandLine - runs it again as now.
 * @returns 0 ok, 1 error, 2 a host failed or the run was refused, 4 a host unreachable, 130 interrupted.
 */
export async function main(
  playbook: Playbook,
  argv: readonly string[],
  root: string,
  command: readonly string[] = ['npx', 'zx', `playbooks/${playbook.name}.mjs`],
  commandLine: readonly string[] = [...command, ...argv],
): Promise<number> {
  try {
    return await start(playbook, argv, root, { command, commandLine })
  } catch (error) {
    if (error instanceof Cancelled) return 130
    if (error instanceof RunRefused || error instanceof PlanOutdated) {
      process.stderr.write(`${error.message}\n`)
      return 2
    }
    if (EXPECTED.some((type) => error instanceof type)) {
      process.stderr.write(`${(error as Error).message}\n`)
      return 1
    }
    // Thrown by a function of the playbook (steps, for example).
    const place = locationOf(error)
    if (place === undefined) throw error
    process.stderr.write(`${place}: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

async function start(
  playbook: Playbook,
  argv: readonly string[],
  root: string,
  { command, commandLine }: { readonly command: readonly string[]; readonly commandLine: readonly string[] },
): Promise<number> {
  if (process.env[COMPLETE_VARIABLE] !== undefined) return print(await complete(playbook, argv, root))
  const given = parseOptions(argv, playbook.subcommands, playbook.switches)
  const version = labbookVersion()
  const savedPlan = given.apply === undefined ? undefined : readPlan(given.apply, { playbook: playbook.name, version })
  const options =
    savedPlan === undefined
      ? given
      : parseOptions([...savedPlan.argv, ...argv], playbook.subcommands, playbook.switches)
  const isInformation = options.help || options.version
  const config = isInformation ? undefined : new AnsibleConfig(process.env)
  const vault = config && (await openVault(options.vault, config, canPrompt({ ...options, yes: false })))
  const requestedVars = isInformation ? {} : readExtraVars(options.extraVars, vault)
  const declared = (playbook.vars ?? []).flatMap(({ definitions }) => Object.keys(definitions))
  const reads = new VarReadTracker(Object.keys(requestedVars), declared)
  const rendered = renderVariables(requestedVars, { host: 'the command line', reads })
  const all = stepsOf(playbook, options.args, reads.view(rendered))
  if (options.help) return print(help(playbook, command, all))
  if (config === undefined) return print(`labbook ${version}\n`)
  checkProjectFile(root)
  const choices = connectionChoices(options, config)
  setConnectionDefaults(choices.defaults)
  const { files, warnings: inventoryWarnings } = inventoryFiles(options, root, config)
  const inventory = withLab(
    withLocalhost(await readInventory({ files, playbookDirectory: playbookDirectory(root), vault })),
    { provider: options.provider ?? named(rendered.lab_provider), extraVars: requestedVars },
    playbook.lab,
  )
  const extraVars = withSelectedProvider(requestedVars, inventory)
  const { hosts: limited, argv: chosen } = await chooseHosts(options, inventory)
  const retry =
    options.retryFailed === undefined ? undefined : failedHosts(options.retryFailed, path.join(root, 'runs'))
  const selected = { hosts: limited, isLimited: options.limit !== undefined }
  const hosts = retry === undefined ? limited : retriedHosts(retry, inventory, selected)
  if (retry !== undefined && hosts.length === 0) return printNotice(nothingToRetry(retry), options)
  const tags = { tags: options.tags, skipTags: options.skipTags }
  // The groups of other steps need not be in the inventory.
  const steps = all.filter(
    (step) => (savedPlan === undefined || step.kind === 'play') && isSelectable(step, inventory, extraVars, tags),
  )
  if (options.listTags) return print(`${listTags(steps, inventory, hosts, extraVars)}\n`)
  if (options.syntaxCheck) return printSyntaxCheck(syntaxCheck(steps, inventory, hosts, extraVars))
  if (options.listHosts) return print(`${listHosts(steps, inventory, hosts)}\n`)
  const warnings = [
    ...config.warnings,
    ...config.report(),
    ...inventoryWarnings,
    ...(retry === undefined ? [] : [retriedHostsText(retry, hosts, playbook.name)]),
    ...tagWarnings(all, inventory, extraVars, tags),
  ]
  if (options.listTasks) process.stderr.write(warnings.map((warning) => `${warning}\n`).join(''))
  if (options.listTasks) return print(`${listTasks(steps, inventory, hosts, extraVars, tags)}\n`)
  if (options.list)
    return print(
      (playbook.preview?.(options.args, reads.view(rendered)) ?? '') +
        listExperiments({
          playbook,
          steps,
          inventory,
          hosts,
          extraVars,
          args: options.args,
          runs: path.join(root, 'runs'),
        }),
    )
  if (options.step && !canPrompt({ ...options, yes: false }))
    throw new UsageError('--step asks before each task, so it needs a terminal; run without --step')
  const planned: PlannedRun = { steps, inventory, hosts, extraVars, tags, check: options.check }
  const mayDisturb = await permission(playbook, options, planned)
  await askPasswords(options, choices)
  const prompted = await withPromptedVars(steps, extraVars, canPrompt(options) ? promptText : undefined)
  if (canPrompt(options)) {
    const variables = inventoryVariables(inventory, extraVars)
    const involved = new Set(steps.flatMap((step) => hostsOf(step, inventory, hosts)))
    await prepareConnections(() => [...involved].map((name) => connectionSettings(name, variables(name))))
  }
  const ready: PreparedRun = {
    playbook: playbook.name,
    steps: prompted,
    version,
    argv: [...commandLine, ...chosen],
    playbookArguments: [...(retry === undefined ? argv : namingRun(argv, retry.run)), ...chosen],
    root,
    options,
    inventory,
    inventoryFiles: files,
    hosts,
    extraVars,
    reads,
    tags,
    warnings,
    mayDisturb,
    withoutPermission: playbook.withoutPermission,
    vars: playbook.vars ?? [],
    ...(playbook.reportQuestions === undefined ? {} : { reportQuestions: playbook.reportQuestions }),
    ...(savedPlan === undefined ? {} : { savedPlan }),
    ...(playbook.closing === undefined ? {} : { closing: playbook.closing }),
  }
  return exitCodeWithOutput(await execute(ready))
}

/** What completes the last argument. An error completes nothing: the user is not done typing. */
async function complete(playbook: Playbook, argv: readonly string[], root: string): Promise<string> {
  const { completionsFor } = await import('./completion/complete.ts')
  return await completionsFor(playbook, argv, root).catch(() => '')
}

function printSyntaxCheck({ problems, unchecked, tasks }: SyntaxCheck): 0 | 1 {
  const lines = [
    ...problems,
    ...unchecked.map((reason) => `not checked, as it may need facts of the host or an answer: ${reason}`),
  ]
  process.stderr.write(lines.map((line) => `${line}\n`).join(''))
  if (problems.length > 0) return 1
  return print(`no problems found: ${tasks} tasks and handlers checked\n`)
}

const named = (value: unknown): string | undefined => (value === undefined ? undefined : toText(value))

const help = (
  { description, subcommands: words, switches, variable }: Playbook,
  command: readonly string[],
  steps: readonly PlaybookStep[],
): string =>
  helpText({
    command: command.join(' '),
    description,
    // Without the steps that only their tags select.
    steps: steps.filter((step) => isStepSelectable(step.tags, { tags: [], skipTags: [] })).map((step) => step.name),
    variable,
    ...(words === undefined ? {} : { subcommands: words }),
    ...(switches === undefined ? {} : { switches }),
  })

function printNotice(message: string, { json }: CliOptions): 0 {
  if (!json) return print(`${message}\n`)
  return print(`${JSON.stringify({ type: 'notice', level: 'info', time: new Date().toISOString(), message })}\n`)
}

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}

/** All hosts, those of `--limit`, or on a terminal those that the user selects; `argv` selects them in another run. */
async function chooseHosts(
  options: CliOptions,
  inventory: Inventory,
): Promise<{ readonly hosts: readonly string[]; readonly argv: readonly string[] }> {
  const all = [...inventory.hosts.keys()]
  if (options.limit !== undefined) return { hosts: limitHosts(inventory, all, expandLimit(options.limit)), argv: [] }
  const { list, listHosts, listTasks, listTags, syntaxCheck, retryFailed } = options
  const asks = !list && !listHosts && !listTasks && !listTags && !syntaxCheck && retryFailed === undefined
  if (!asks || !canPrompt(options)) return { hosts: all, argv: [] }
  const hosts = await promptHosts([...inventory.hosts.values()].map(({ name, groups }) => ({ name, groups })))
  return { hosts, argv: limitOf(hosts, all) }
}

const canPrompt = ({ noInput, yes, json }: CliOptions): boolean =>
  isInteractive({ noInput, yes, json, stdin: process.stdin, stdout: process.stdout })

/**
 * Which hosts the run may disturb: those of Labbook's lab; all with `--allow-faults` or the user's confirmation.
 *
 * @throws {Cancelled} the user declined. @throws {RunRefused} the user cannot be prompted.
 */
async function permission(
  { withoutPermission }: Playbook,
  options: CliOptions,
  planned: PlannedRun,
): Promise<(host: string) => boolean> {
  const all = (): boolean => true
  if (options.allowFaults) return all
  const mayDisturb = labMachineTest(planned.inventory, planned.extraVars)
  const { refused } = permissionFor(planned, { mayDisturb, withoutPermission })
  if (refused.length === 0) return mayDisturb
  if (!canPrompt(options)) throw new RunRefused(refused)
  const about = [
    "These hosts are not machines of Labbook's lab:",
    ...disturbanceLines(refused).map((line) => `  ${line}`),
  ]
  if (!(await confirm(`Continue on ${disturbedHosts(refused).join(', ')}?`, about))) throw new Cancelled()
  return all
}

/** The passwords of `-k` and `-K`: for hosts whose variables have none. */
async function askPasswords(
  options: CliOptions,
  { askPass, askBecomePass, defaults }: ConnectionChoices,
): Promise<void> {
  const asked = [
    ...(askPass ? [['ansible_password', 'SSH password', '--ask-pass'] as const] : []),
    ...(askBecomePass ? [['ansible_become_password', 'BECOME password', '--ask-become-pass'] as const] : []),
  ]
  const variables: Record<string, unknown> = { ...defaults.variables }
  for (const [variable, title, option] of asked) {
    if (!canPrompt({ ...options, yes: false })) {
      throw new UsageError(`${option} needs a terminal; set ${variable} for the hosts instead`)
    }
    variables[variable] = await promptPassword(title)
  }
  if (asked.length > 0) setConnectionDefaults({ variables })
}
