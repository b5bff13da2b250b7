import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ConnectionConfigError } from '../connection/index.ts'
import { EvidenceError } from '../evidence/index.ts'
import { InventoryError, limitHosts, PatternError, readInventory, type Inventory } from '../inventory/index.ts'
import { disturbanceLines, disturbedHosts, permissionFor, Refused, type PlannedRun } from '../run/disturbance.ts'
import { PlaybookError, type Step } from '../run/play.ts'
import { askHosts, askPassword, canAsk, Cancelled, confirm } from '../ui/index.ts'
import { stepAsked } from '../run/tags.ts'
import { placeOf } from '../values/call-site.ts'
import { ReadTracker } from '../values/reads.ts'
import type { Secret } from '../values/secret.ts'
import { execute, type Ready } from './execute.ts'
import { LabError } from '../lab/lab.ts'
import { mergeExtraVars } from './extra-vars.ts'
import { helpText } from './help.ts'
import { labMachines, withLab } from './lab.ts'
import { listExperiments } from './list-experiments.ts'
import { withLocalhost } from './localhost.ts'
import { listHosts, listTasks } from './list.ts'
import { parseOptions, type Options } from './options.ts'
import { tagWarnings } from './tag-warnings.ts'
import { stepsOf, type Playbook } from './playbook.ts'
import { UsageError } from './usage-error.ts'

/** What a user can mend: shown as its message alone. */
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
 * A playbook's command line, from arguments to exit code.
 *
 * @param root - the project's folder, where `templates/` and `runs/` are.
 * @returns 0 ok, 1 error, 2 a host failed or the run was refused, 4 a host unreachable, 130 interrupted.
 */
export async function main(playbook: Playbook, argv: readonly string[], root: string): Promise<number> {
  // The reader of our output may go first (`--json | head`): then there is nobody left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  try {
    return await start(playbook, argv, root)
  } catch (error) {
    if (error instanceof Cancelled) return 130
    if (error instanceof Refused) {
      process.stderr.write(`${error.message}\n`)
      return 2
    }
    if (EXPECTED.some((type) => error instanceof type)) {
      process.stderr.write(`${(error as Error).message}\n`)
      return 1
    }
    // A function of the playbook itself (steps, asks).
    const place = placeOf(error)
    if (place === undefined) throw error
    process.stderr.write(`${place}: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

async function start(playbook: Playbook, argv: readonly string[], root: string): Promise<number> {
  const options = parseOptions(argv, playbook.words)
  const extraVars = options.help || options.version ? {} : readExtraVars(options)
  const reads = new ReadTracker(Object.keys(extraVars))
  const all = stepsOf(playbook, options.words, reads.view(extraVars))
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  if (options.help) return say(help(playbook, all))
  if (options.version) return say(`labbook ${version}\n`)
  const inventory = withLab(
    withLocalhost(await readInventory(inventoryFile(options, root))),
    options.provider ?? named(extraVars.lab_provider),
  )
  const hosts = await chooseHosts(options, inventory)
  const tags = { tags: options.tags, skipTags: options.skipTags }
  // Their groups need not be in the inventory.
  const steps = all.filter((step) => stepAsked(step.tags, tags))
  if (options.listHosts) return say(`${listHosts(steps, inventory, hosts)}\n`)
  const warnings = tagWarnings(all, inventory, extraVars, tags)
  if (options.listTasks) process.stderr.write(warnings.map((warning) => `${warning}\n`).join(''))
  if (options.listTasks) return say(`${listTasks(steps, inventory, hosts, extraVars, tags)}\n`)
  if (options.list)
    return say(
      listExperiments({
        playbook,
        steps,
        inventory,
        hosts,
        extraVars,
        words: options.words,
        runs: path.join(root, 'runs'),
      }),
    )
  const planned: PlannedRun = { steps, inventory, hosts, extraVars, tags, check: options.check }
  const mayDisturb = await permission(playbook, options, planned)
  const becomePassword = options.askBecomePass ? await ask(options) : undefined
  const ready: Ready = {
    playbook: playbook.name,
    steps,
    version,
    argv,
    root,
    options,
    inventory,
    hosts,
    extraVars,
    reads,
    tags,
    warnings,
    mayDisturb,
    withoutPermission: playbook.withoutPermission,
    ...(becomePassword === undefined ? {} : { becomePassword }),
    ...(playbook.closing === undefined ? {} : { closing: playbook.closing }),
  }
  return await execute(ready)
}

const named = (value: unknown): string | undefined => (value === undefined ? undefined : String(value))

const help = ({ name, description, words, variable }: Playbook, steps: readonly Step[]): string =>
  helpText({
    playbook: `${name}.mjs`,
    description,
    steps: steps.map((step) => step.name),
    variable,
    ...(words === undefined ? {} : { words }),
  })

/** @throws {UsageError} there is none: most often because the command runs in another folder. */
function inventoryFile({ inventory }: Options, root: string): string {
  const tried = path.resolve(inventory)
  if (existsSync(tried)) return inventory
  const own = path.join(root, 'inventory.yaml')
  throw new UsageError(
    `no inventory ${tried} (working directory: ${process.cwd()}); name yours with -i PATH` +
      (own !== tried && existsSync(own) ? `, or the project's own with -i ${own}` : ''),
  )
}

function say(text: string): 0 {
  process.stdout.write(text)
  return 0
}

function readExtraVars({ extraVars }: Options): Record<string, unknown> {
  const files = extraVars.flatMap((source) =>
    source.kind === 'file' ? [[source.path, readVarsFile(source.path)]] : [],
  )
  return mergeExtraVars(extraVars, Object.fromEntries(files) as Record<string, string>)
}

function readVarsFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--extra-vars @${file}: cannot read it: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** All hosts, those of `--limit`, or on a terminal those the user picks. */
async function chooseHosts(options: Options, inventory: Inventory): Promise<readonly string[]> {
  const all = [...inventory.hosts.keys()]
  if (options.limit !== undefined) return limitHosts(inventory, all, options.limit)
  if (options.list || options.listHosts || options.listTasks || !mayAsk(options)) return all
  return await askHosts([...inventory.hosts.values()].map(({ name, groups }) => ({ name, groups })))
}

const mayAsk = ({ noInput, yes, json }: Options): boolean =>
  canAsk({ noInput, yes, json, stdin: process.stdin, stdout: process.stdout })

/**
 * Which hosts the run may disturb: those of Labbook's lab; with `--allow-faults`, or where the user says yes, all.
 *
 * @throws {Cancelled} the user said no. @throws {Refused} there is nobody to ask.
 */
async function permission(
  { withoutPermission }: Playbook,
  options: Options,
  planned: PlannedRun,
): Promise<(host: string) => boolean> {
  const all = (): boolean => true
  if (options.allowFaults) return all
  const mayDisturb = labMachines(planned.inventory, planned.extraVars)
  const { refused } = permissionFor(planned, { mayDisturb, withoutPermission })
  if (refused.length === 0) return mayDisturb
  if (!mayAsk(options)) throw new Refused(refused)
  const about = [
    "These hosts are not machines of Labbook's lab:",
    ...disturbanceLines(refused).map((line) => `  ${line}`),
  ]
  if (!(await confirm(`Do this to ${disturbedHosts(refused).join(', ')}?`, about))) throw new Cancelled()
  return all
}

async function ask(options: Options): Promise<Secret> {
  if (!mayAsk({ ...options, yes: false })) {
    throw new UsageError(
      '--ask-become-pass needs a terminal to ask on; set ansible_become_password for the hosts instead',
    )
  }
  return await askPassword('BECOME password')
}
