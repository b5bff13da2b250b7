import { type Exhibit, type MessageValue } from 'labbook'
import { labExperiment, type LabContext, say, tableOf, lines } from '../messages/say.ts'
import { AUDIT_CHECKS, type AuditCheck } from './audit-checks.ts'

const AREAS = ['security', 'operations'] as const

/** One script for all checks of a node: a line for each, then what is not as advised, indented. */
export const auditScript = (checks: readonly AuditCheck[]): string =>
  [
    // Otherwise each check would show this error as what is not as advised.
    "docker info >/dev/null 2>&1 || { echo 'Docker does not answer' >&2; exit 1; }",
    `check() { found=$(cat); if [ -z "$found" ]; then echo "yes $1"; else echo "no $1"; printf '%s\\n' "$found" | sed 's/^/  /'; fi; }`,
    ...checks.map(({ id, script }) => `{ ${script}; } 2>&1 | check ${id}`),
  ].join('\n')

/** What is not as advised, by check; an empty list: all is as advised. A check without an answer is absent. */
export function readAudit(stdout: string): Map<string, string[]> {
  const results = new Map<string, string[]>()
  let current: string[] = []
  for (const line of stdout.split('\n')) {
    const id = /^(?:yes|no) (\S+)$/.exec(line)?.[1]
    if (id !== undefined) results.set(id, (current = []))
    else if (line.startsWith('  ')) current.push(line.trim())
  }
  return results
}

interface NodeAudit {
  readonly node: string
  readonly exhibit: Exhibit
  readonly results: ReadonlyMap<string, readonly string[]>
}

/** Checks Docker's advice on security and operations on every node. */
export const audit = labExperiment(
  'Audit Docker best practices',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'audit', 'proof'],
    disturbs: false,
    hypothesis: 'The nodes follow most of Docker’s advice; a lab with one manager cannot follow that on the quorum.',
    assertions: {},
    questions: {
      'docker.audit.security': 'All nodes follow Docker’s advice on security',
      'docker.audit.operations': 'All nodes follow Docker’s advice on operations',
    },
  },
  async (on) => {
    const audits: NodeAudit[] = []
    for (const node of on.groups.docker ?? []) audits.push(await auditNode(on, node))
    for (const area of AREAS) report(on, area, audits)
  },
)

async function auditNode(on: LabContext, node: string): Promise<NodeAudit> {
  const checks = AUDIT_CHECKS.filter(({ onManager }) => onManager === undefined || node === on.hosts[0])
  const exhibit = await on.exhibit({
    title: say('Audit of {node}', { node }),
    host: node,
    command: auditScript(checks),
    displayCommand: 'sh docker-audit.sh',
    timeout: 120,
  })
  return { node, exhibit, results: readAudit(exhibit.stdout) }
}

function report(on: LabContext, area: AuditCheck['area'], audits: readonly NodeAudit[]): void {
  const rows = AUDIT_CHECKS.filter((check) => check.area === area).map((check) => ({
    check,
    answers: audits.map(({ node, results }) =>
      check.onManager === true && node !== on.hosts[0] ? undefined : (results.get(check.id) ?? null),
    ),
  }))
  const word = (answer: readonly string[] | null | undefined): MessageValue =>
    answer === undefined ? '' : answer === null ? '?' : say(answer.length === 0 ? 'yes' : 'no')
  const differing = rows.flatMap(({ check, answers }) =>
    answers.flatMap((answer, i) => (answer ?? []).map((item) => `${check.id}, ${audits[i]?.node ?? ''}: ${item}`)),
  )
  const exhibit = on.record({
    title: say('Advice on {area}', { area: say(area) }),
    command: say('Docker’s advice on {area}, checked on {nodes}', {
      area: say(area),
      nodes: audits.map(({ node }) => node).join(', '),
    }),
    stdout: lines(
      tableOf([
        [say('ADVICE'), ...audits.map(({ node }) => node.toUpperCase())],
        ...rows.map(({ check, answers }) => [say(check.advice), ...answers.map(word)]),
      ]),
      ...(differing.length === 0 ? [] : ['', say('Not as advised:'), ...differing.map((line) => `  ${line}`)]),
      '',
      say('Sources:'),
      ...rows.map(({ check }) => `  ${check.id}: ${check.source}`),
    ),
    durationMs: 0,
  })
  const isUnknown = rows.some(({ answers }) => answers.includes(null))
  const followed = rows.filter(({ answers }) =>
    answers.every((answer) => (answer?.length !== 0 ? answer === undefined : true)),
  )
  on.finding(`docker.audit.${area}`, {
    holds: followed.length === rows.length ? true : isUnknown ? null : false,
    evidence: [exhibit, ...audits.map(({ exhibit: raw }) => raw)],
    detail:
      followed.length === rows.length
        ? say('all {n} lines of advice are followed on every node', { n: rows.length })
        : say('{followed} of {all} lines of advice are followed on every node; not: {others}', {
            followed: followed.length,
            all: rows.length,
            others: rows
              .filter((row) => !followed.includes(row))
              .map(({ check }) => check.id)
              .join(', '),
          }),
    measured: { 'lines of advice followed': [followed.length, ''] },
  })
}
