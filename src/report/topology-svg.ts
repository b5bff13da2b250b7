import { FONT, INK, label, QUIET } from './chart-style.ts'
import { html, type Markup } from './html.ts'
import type { Messages } from './messages/index.ts'
import type { ClusterTopology, TopologyNode } from './topology.ts'

const WIDTH = 960
const MARGIN = 24
const GAP = 20
const ROW = 19
const PER_ROW = 3
const MAX_DRAWN = 12
const CLIENT_HEIGHT = 44

/** Draws the topology: where requests enter, the network, the nodes, their roles, and where replicas ran. */
export function drawTopology(topology: ClusterTopology, messages: Messages): Markup {
  const { topology: texts } = messages
  const nodes = topology.nodes.slice(0, MAX_DRAWN)
  const perRow = Math.min(PER_ROW, Math.max(1, nodes.length))
  const boxWidth = (WIDTH - 2 * MARGIN - GAP * (perRow - 1)) / perRow
  const lines = nodes.map((node) => linesOf(node, messages))
  const boxHeight = 58 + Math.max(1, ...lines.map(({ length }) => length)) * ROW
  const top = MARGIN + CLIENT_HEIGHT + 74
  const height = top + Math.ceil(nodes.length / perRow) * (boxHeight + GAP) + (topology.ports.length > 0 ? 30 : 8)
  const at = (i: number) => ({
    x: MARGIN + (i % perRow) * (boxWidth + GAP),
    y: top + Math.floor(i / perRow) * (boxHeight + GAP),
  })
  const bus = MARGIN + CLIENT_HEIGHT + 40
  const description = [
    ...nodes.map((node, i) => `${node.name}: ${[roleOf(node, topology, messages), ...(lines[i] ?? [])].join(', ')}.`),
  ].join(' ')
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="chart topology" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title-topology desc-topology" font-family="${FONT}" font-size="13"><title id="title-topology">${texts.title}</title><desc id="desc-topology">${description}</desc>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="9" fill="#ffffff" stroke="#c9d1da"/>
<rect x="${WIDTH / 2 - 150}" y="${MARGIN - 8}" width="300" height="${CLIENT_HEIGHT}" rx="22" fill="#eef4fb" stroke="#0072b2"/>
<text x="${WIDTH / 2}" y="${MARGIN + 19}" text-anchor="middle" fill="${INK}" font-weight="600">${texts.clients}</text>
<path d="M${WIDTH / 2} ${MARGIN + CLIENT_HEIGHT - 8}V${bus}M${MARGIN} ${bus}H${WIDTH - MARGIN}" stroke="${QUIET}" stroke-width="2" fill="none"/>
<text x="${MARGIN}" y="${bus - 8}" fill="${QUIET}">${topology.network === '' ? texts.network : `${texts.network} ${topology.network}`}</text>
${nodes.map((node, i) => box(node, lines[i] ?? [], { ...at(i), width: boxWidth, height: boxHeight, bus }, topology, messages))}
${
  topology.ports.length > 0 &&
  html`<text x="${MARGIN}" y="${height - 16}" fill="${QUIET}">${texts.published}: ${label(topology.ports.join(', '), 110)}</text>
`
}</svg>
`
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly bus: number
}

function box(
  node: TopologyNode,
  lines: readonly string[],
  { x, y, width, height, bus }: Place,
  topology: ClusterTopology,
  messages: Messages,
): Markup {
  const enters = node.entryPorts.length > 0
  const middle = x + width / 2
  const hue = node.role === '' ? '#4d5866' : '#00795c'
  return html`${
    y < bus + 60 &&
    html`<path d="M${middle} ${bus}V${y - 2}${enters && `M${middle - 5} ${y - 10}L${middle} ${y - 1}L${middle + 5} ${y - 10}`}" stroke="${enters ? '#0072b2' : QUIET}" stroke-width="2" fill="none"/>
${
  enters &&
  html`<text x="${middle + 10}" y="${y - 12}" fill="#0072b2" font-weight="600">${messages.topology.port(node.entryPorts.join(', '))}</text>
`
}`
  }<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="7" fill="#f7f9fb" stroke="${hue}" stroke-width="1.5"/>
<text x="${x + 14}" y="${y + 24}" fill="${INK}" font-size="15" font-weight="600">${label(node.name, 20)}</text><text x="${x + width - 14}" y="${y + 24}" text-anchor="end" fill="${QUIET}">${node.address}</text>
<text x="${x + 14}" y="${y + 43}" fill="${hue}" font-weight="600">${roleOf(node, topology, messages)}</text>
${lines.map(
  (
    line,
    i,
  ) => html`<text x="${x + 14}" y="${y + 64 + i * ROW}" fill="${INK}">${label(line, Math.floor(width / 7.4))}</text>
`,
)}`
}

const linesOf = (node: TopologyNode, { topology: texts }: Messages): string[] => [
  ...(node.registryPort === undefined ? [] : [texts.registry(node.registryPort)]),
  ...node.replicas.slice(0, 8).map(([service, n]) => `${n} × ${service}`),
]

function roleOf(node: TopologyNode, { manager }: ClusterTopology, { topology: texts }: Messages): string {
  if (manager === 'none') return texts.host
  if (node.role === '') return manager === 'swarm' ? texts.worker : texts.agent
  return manager === 'swarm' ? texts.manager(node.role) : label(node.role, 30)
}
