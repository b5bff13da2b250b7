import { type Closing, type ClosingContext, tableLines } from 'labbook'
import { projectLab } from '../lab/lab.ts'
import { endpoints } from './proof.ts'

type Line = Closing['next'][number]

/** At most this many nodes are listed; the rest are counted. */
const NODES_LISTED = 8
const DRAIN = 'swarm.drain.evacuates'

/**
 * Summary screen of a playbook that deploys the Counter app: URLs, two metrics of the drain, and next steps.
 *
 * @param steps - next steps of this playbook, listed before the common ones.
 */
export const appClosing =
  (steps: (command: WithOptions, has: HasFindings) => readonly Line[]) =>
  (run: ClosingContext): Closing => ({
    standing: nodeLines(run),
    figures: figures(run),
    next: [
      ...steps(commandFor(run), (prefix) => run.findings.some(({ id }) => id.startsWith(prefix))),
      ...commonSteps(run),
    ],
  })

/** Whether the run has findings with this id prefix. */
type HasFindings = (prefix: string) => boolean

export const runExperiments = (command: WithOptions): Line => ['Run all experiments', command('npm run experiments')]
export const measureCapacity = (command: WithOptions): Line => [
  'Measure capacity under load',
  command('npx zx playbooks/experiments.mjs load-capacity'),
]
export const checkAll = (command: WithOptions): Line => [
  'Check the registry and drain a node as well',
  command('npx zx playbooks/site.mjs'),
]

/** Adds this run's inventory to a command. */
export type WithOptions = (text: string) => string

export function commandFor({ inventory }: Pick<ClosingContext, 'inventory'>): WithOptions {
  if (inventory.length === 1 && inventory[0] === 'inventory.yaml') return (text) => text
  const options = inventory.map((file) => ` -i ${/^[\w./-]+$/.test(file) ? file : `'${file}'`}`).join('')
  return (text) => `${text}${text.startsWith('npm ') ? ' --' : ''}${options}`
}

/** Role of each node, with the URL of the app if this run has verified the app. */
function nodeLines(run: ClosingContext): Line[] {
  const nodes = run.groups.swarm ?? []
  const confirmed = run.findings.filter(({ holds }) => holds === true).map(({ id }) => id)
  if (confirmed.length === 0) return []
  const deployed = confirmed.some((id) => id !== 'swarm.nodes.ready' && /^(app|swarm|load)\./.test(id))
  const urls = deployed ? endpoints(run, nodes).map(({ host, port }) => `http://${host}:${port}`) : []
  const listed = nodes.slice(0, NODES_LISTED)
  const texts = tableLines(listed.map((node, i) => [...(deployed ? [urls[i] ?? ''] : []), roleOf(run, node)]))
  const lines = listed.map((node, i): Line => [node, texts[i] ?? ''])
  const unlisted = nodes.length - lines.length
  return [
    ...(deployed ? [['Counter app', 'published on every node'] as const] : []),
    ...lines,
    ...(unlisted > 0 ? [['', `and ${unlisted} more nodes`] as const] : []),
  ]
}

const roleOf = ({ groups }: ClosingContext, node: string): string =>
  (groups.swarm_managers ?? []).includes(node) ? 'manager' : 'worker'

function figures({ findings }: ClosingContext): Line[] {
  const measured = findings.find(({ id }) => id === DRAIN)?.measured ?? []
  const valueOf = (name: string): string | undefined => {
    const metric = measured.find((each) => each.name === name)
    const value = metric?.values.at(-1)
    return value === undefined ? undefined : `${Number(value.toFixed(1))} ${metric?.unit ?? ''}`.trim()
  }
  const reschedule = valueOf('reschedule time')
  const failed = valueOf('failed requests')
  return [
    ...(reschedule === undefined ? [] : [['Reschedule time', `${reschedule} after the drain of a node`] as const]),
    ...(failed === undefined
      ? []
      : [['Failed requests', `${failed} through the other nodes during the drain`] as const]),
  ]
}

function commonSteps(run: ClosingContext): Line[] {
  const command = commandFor(run)
  const isLab = projectLab(run) !== undefined
  return [
    ['Print the report as PDF', 'npx zx playbooks/report.mjs --format pdf'],
    ...(isLab
      ? [
          [
            'Use your own machines',
            'edit inventory.yaml (its comments say how), then npx zx playbooks/site.mjs',
          ] as const,
          ['Remove the lab', command('npx zx playbooks/lab.mjs down')] as const,
        ]
      : []),
  ]
}
