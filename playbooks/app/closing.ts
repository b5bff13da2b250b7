import type { Closing, ClosingContext } from '../../src/labbook.ts'
import { labOf } from '../lab/lab.ts'
import { endpoints } from './proof.ts'

type Line = Closing['next'][number]

/** More nodes than this are counted, not listed. */
const NODES_LISTED = 8
const DRAIN = 'swarm.drain.evacuates'

/**
 * The last screen of a playbook that deploys the Counter app: its URLs, two figures of the drain, and next steps.
 *
 * @param steps - what to do next, and the command: before those that all such playbooks have in common.
 */
export const appClosing =
  (steps: (command: CommandLine, has: HasFindings) => readonly Line[]) =>
  (run: ClosingContext): Closing => ({
    standing: nodeLines(run),
    figures: figures(run),
    next: [
      ...steps(commandFor(run), (prefix) => run.findings.some(({ id }) => id.startsWith(prefix))),
      ...commonSteps(run),
    ],
  })

/** Whether the run has findings whose ids begin so. */
type HasFindings = (prefix: string) => boolean

export const runExperiments = (command: CommandLine): Line => ['Run all experiments', command('npm run experiments')]
export const measureCapacity = (command: CommandLine): Line => [
  'Measure capacity under load',
  command('npx zx playbooks/experiments.mjs load-capacity'),
]
export const proveAll = (command: CommandLine): Line => [
  'Run the registry proofs and the drain as well',
  command('npx zx playbooks/site.mjs'),
]

/** A command with the inventory of this run. */
export type CommandLine = (text: string) => string

export function commandFor({ inventory }: Pick<ClosingContext, 'inventory'>): CommandLine {
  if (inventory === 'inventory.yaml') return (text) => text
  return (text) =>
    `${text}${text.startsWith('npm ') ? ' --' : ''} -i ${/^[\w./-]+$/.test(inventory) ? inventory : `'${inventory}'`}`
}

/** For each node its role, and its URL of the app where this run has proven the app. */
function nodeLines(run: ClosingContext): Line[] {
  const nodes = run.groups.swarm ?? []
  const held = run.findings.filter(({ holds }) => holds === true).map(({ id }) => id)
  if (held.length === 0) return []
  const deployed = held.some((id) => id !== 'swarm.nodes.ready' && /^(app|swarm|load)\./.test(id))
  const urls = deployed ? endpoints(run, nodes).map(({ host, port }) => `http://${host}:${port}`) : []
  const urlWidth = Math.max(0, ...urls.map((url) => url.length))
  const lines = nodes
    .slice(0, NODES_LISTED)
    .map((node, i): Line => [node, `${deployed ? `${(urls[i] ?? '').padEnd(urlWidth)}  ` : ''}${roleOf(run, node)}`])
  const more = nodes.length - lines.length
  return [
    ...(deployed ? [['Counter app', 'published on every node'] as const] : []),
    ...lines,
    ...(more > 0 ? [['', `and ${more} more nodes`] as const] : []),
  ]
}

const roleOf = ({ groups }: ClosingContext, node: string): string =>
  (groups.swarm_managers ?? []).includes(node) ? 'manager' : 'worker'

function figures({ findings }: ClosingContext): Line[] {
  const measured = findings.find(({ id }) => id === DRAIN)?.measured ?? []
  const valueOf = (name: string): string | undefined => {
    const found = measured.find((each) => each.name === name)
    const value = found?.values.at(-1)
    return value === undefined ? undefined : `${Number(value.toFixed(1))} ${found?.unit ?? ''}`.trim()
  }
  const reschedule = valueOf('reschedule time')
  const failed = valueOf('failed requests')
  return [
    ...(reschedule === undefined ? [] : [['Reschedule time', `${reschedule} after a node was drained`] as const]),
    ...(failed === undefined ? [] : [['Failed requests', `${failed} through the other nodes meanwhile`] as const]),
  ]
}

function commonSteps(run: ClosingContext): Line[] {
  const command = commandFor(run)
  const ofLab = labOf(run) !== undefined
  return [
    ['Print the report as PDF', 'npx zx playbooks/report.mjs --format pdf'],
    ...(ofLab
      ? [
          [
            'Use machines of your own',
            'edit inventory.yaml (its comments say how), then npx zx playbooks/site.mjs',
          ] as const,
          ['Remove the lab', command('npx zx playbooks/lab.mjs down')] as const,
        ]
      : []),
  ]
}
