import { csvText, type Experiment, type MessageList, messageText } from 'labbook'
import { labExperiment, lines, say, tableOf } from '../../messages/say.ts'
import { COLUMNS, type Column, type ComparisonTable } from './comparison-table.ts'
import { TOPOLOGIES } from '../vars.ts'

/** Compares the measurements of this run by topology. */
export const comparison = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Compare Redis topologies',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-comparison'],
      disturbs: false,
      assertions: {},
      questions: { 'redis.comparison': 'Comparison of Redis topologies is complete' },
    },
    (on) => {
      const missing = table.missing.filter(
        (name) => name !== 'single: node cut off' && name !== 'replicas: node cut off',
      )
      const exhibit = on.record({
        title: 'Comparison of Redis topologies',
        durationMs: 0,
        command: 'measurements of the experiments of this run',
        stdout: comparisonText(table),
        data: [{ name: 'comparison.csv', text: comparisonCsv(table) }],
      })
      on.finding('redis.comparison', {
        holds: missing.length === 0 ? true : null,
        evidence: [exhibit, ...table.evidence],
        detail:
          missing.length === 0
            ? say('{topologies} topologies compared by {columns}', {
                topologies: TOPOLOGIES.length,
                columns: COLUMNS.join(', '),
              })
            : say(
                'not measured in this run: {missing}; run npx zx playbooks/experiments.mjs redis to measure everything',
                { missing: missing.join(', ') },
              ),
      })
    },
  )

export const comparisonText = (table: ComparisonTable): MessageList =>
  lines(
    // One line per cell, as cells are long.
    ...COLUMNS.flatMap((column) => [
      say(TITLES[column]),
      tableOf(TOPOLOGIES.map((topology) => [`  ${topology}`, table.cell(topology, column)])),
      '',
    ]),
    say(
      'lost: acknowledged increments missing from the final count, of all acknowledged ones. Write outage: the longest time without a successful write.',
    ),
    say(
      'single and replicas have no failover: the write outage lasts until the node is back (about 15 s here, plus its boot).',
    ),
  )

const TITLES = {
  'Redis killed': 'REDIS KILLED',
  'node lost': 'NODE LOST',
  'node cut off': 'NODE CUT OFF',
  failover: 'FAILOVER',
  'writes/s': 'WRITES/S',
  memory: 'MEMORY',
} as const satisfies Readonly<Record<Column, string>>

export const comparisonCsv = (table: ComparisonTable): string =>
  csvText([
    ['topology', ...COLUMNS],
    ...TOPOLOGIES.map((topology) => [topology, ...COLUMNS.map((column) => messageText(table.cell(topology, column)))]),
  ])
