import { experiment, type Experiment } from '../../../../src/labbook.ts'
import { COLUMNS, type Notebook } from './notebook.ts'
import { TOPOLOGIES } from '../variables.ts'

/** What the experiments of this run measured, side by side. */
export const comparison = (notebook: Notebook): Experiment =>
  experiment(
    'The topologies of Redis, side by side',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-comparison'],
      disturbs: false,
      proves: {},
      asks: { 'redis.comparison': 'This run measured all that the topologies are compared by' },
    },
    async (on) => {
      const missing = notebook.missing.filter(
        (what) => what !== 'single: node cut off' && what !== 'replicas: node cut off',
      )
      const exhibit = on.record({
        title: 'Redis: the topologies side by side',
        durationMs: 0,
        command: 'what the experiments of this run measured',
        stdout: comparisonText(notebook),
        data: [{ name: 'comparison.csv', text: comparisonCsv(notebook) }],
      })
      on.finding('redis.comparison', {
        holds: missing.length === 0 ? true : null,
        evidence: [exhibit, ...notebook.evidence],
        detail:
          missing.length === 0
            ? TOPOLOGIES.map(
                (topology) =>
                  `${topology}: ${COLUMNS.map((column) => `${column} ${notebook.cell(topology, column)}`).join(', ')}`,
              ).join('. ')
            : `not measured in this run: ${missing.join(', ')}. npx zx playbooks/experiments.mjs redis measures all of it`,
      })
    },
  )

export const comparisonText = (notebook: Notebook): string =>
  [
    // A line for each question, as answers are long.
    ...COLUMNS.flatMap((column) => [
      column.toUpperCase(),
      ...TOPOLOGIES.map((topology) => `  ${topology.padEnd(10)} ${notebook.cell(topology, column)}`),
      '',
    ]),
    'lost: acknowledged increments that are missing in the end, of all that were acknowledged. Writes away: the longest stretch in which no write succeeded.',
    'Alone and with fixed replicas, no other server takes over: writes are away for as long as the node is (some 15 s here, then its boot).',
  ].join('\n')

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export const comparisonCsv = (notebook: Notebook): string =>
  [
    ['topology', ...COLUMNS].join(','),
    ...TOPOLOGIES.map((topology) =>
      [topology, ...COLUMNS.map((column) => quoted(notebook.cell(topology, column)))].join(','),
    ),
    '',
  ].join('\n')
