import path from 'node:path'
import { labExperiment, say } from '../../messages/say.ts'
import { ROOT } from '../../app/images/table.ts'
import { k3sVars } from '../vars.ts'
import { countLines } from './config-lines.ts'
import { storedRuns } from './runs.ts'
import { conceptTable, measuredTable } from './table.ts'

export { measureK3s, measureSwarm } from './measure.ts'

/** Compares Swarm and k3s from the results of this run and of earlier ones. It measures nothing itself. */
export const comparison = labExperiment(
  'Compare Swarm and k3s',
  {
    hosts: 'localhost',
    tags: ['k3s', 'compare'],
    disturbs: false,
    assertions: {},
    questions: { 'compare.complete': 'Every compared metric is measured on both sides' },
  },
  (on) => {
    const runs = storedRuns(path.join(ROOT, 'runs'))
    const began = Date.now()
    const { text, csv, measured, rows, explained } = measuredTable(runs, countLines())
    const numbers = on.record({
      title: 'Swarm and k3s: measurements',
      command: 'newest values of the runs in runs/',
      stdout: text,
      durationMs: Date.now() - began,
      data: [{ name: 'comparison.csv', text: csv }],
    })
    const concepts = on.record({
      title: 'Swarm and k3s: concepts',
      command: 'terms and behavior of both, with the findings that show them',
      stdout: conceptTable(runs),
      durationMs: 0,
    })
    on.finding('compare.complete', {
      holds: measured === rows,
      evidence: [numbers, concepts],
      detail: say('{measured} of {rows} metrics were measured on both sides{rest}', {
        measured,
        rows,
        rest:
          measured === rows
            ? ''
            : k3sVars.read(on.hostvars('localhost')).k3s_compare_measure
              ? explained
                ? say('; the table has the reasons')
                : ''
              : say('; k3s.mjs compare --measure measures all of them'),
      }),
    })
  },
)
