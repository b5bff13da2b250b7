import path from 'node:path'
import { experiment } from '../../../src/labbook.ts'
import { ROOT } from '../../images/table.ts'
import { countLines } from './lines.ts'
import { keptRuns } from './runs.ts'
import { conceptTable, measuredTable } from './table.ts'

export { measureK3s, measureSwarm } from './measure.ts'

/** Swarm and k3s side by side, from what runs have measured. It measures nothing itself. */
export const comparison = experiment(
  'Swarm and k3s side by side',
  {
    hosts: 'localhost',
    tags: ['k3s', 'compare'],
    disturbs: false,
    proves: {},
    asks: { 'compare.complete': 'Everything that is compared was measured on both sides' },
  },
  async (on) => {
    const runs = keptRuns(path.join(ROOT, 'runs'))
    const began = Date.now()
    const { text, csv, measured, rows } = measuredTable(runs, countLines())
    const numbers = on.record({
      title: 'Swarm and k3s: what was measured',
      command: 'the newest numbers in runs/*/summary.json',
      stdout: text,
      durationMs: Date.now() - began,
      data: [{ name: 'comparison.csv', text: csv }],
    })
    const concepts = on.record({
      title: 'Swarm and k3s: concepts',
      command: 'how both call it and do it, and the findings that show it',
      stdout: conceptTable(runs),
      durationMs: 0,
    })
    on.finding('compare.complete', {
      holds: measured === rows,
      evidence: [numbers, concepts],
      detail: `${measured} of ${rows} numbers were measured on both sides${measured === rows ? '' : ': experiments.mjs, k3s.mjs experiments, and measure-swarm and measure-k3s of k3s.mjs measure the rest'}`,
    })
  },
)
