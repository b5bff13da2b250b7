import { statSync } from 'node:fs'
import path from 'node:path'
import { renderReport } from '../../src/report/index.ts'
import { writeJournal } from './generate.ts'
import { megabytes, peakMemory, printRow, seconds } from './row.ts'

const SHAPE = { hosts: 50, tasks: 25 }

/** Renders the report of a run of 50 hosts with 25 tasks each. */
await printRow(async (folder) => {
  writeJournal(path.join(folder, 'events.jsonl'), SHAPE)
  const start = seconds()
  const { html, markdown } = await renderReport(folder)
  const took = seconds() - start
  return {
    id: 'report',
    what: `rendering the report of ${SHAPE.hosts} hosts x ${SHAPE.tasks} tasks`,
    value: took,
    unit: 's',
    detail: `HTML ${megabytes(statSync(html).size)}, Markdown ${megabytes(statSync(markdown).size)}; peak memory ${megabytes(peakMemory())}`,
  }
})
