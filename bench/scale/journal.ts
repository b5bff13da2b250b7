import { statSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { openRecorder, createRunDirectory, readEventLog, SummaryFold } from '../../src/evidence/index.ts'
import { events } from './generate.ts'
import { megabytes, peakMemory, printRow, seconds } from './row.ts'

/** Two events per task and host. */
const SHAPE = { hosts: 500, tasks: 1000 }
const EVENTS = SHAPE.hosts * SHAPE.tasks * 2

/** An event log of a million events: written like in a run, read and summarized. */
await printRow(async (folder) => {
  const runFolder = createRunDirectory({ root: folder, playbook: 'scale', now: new Date() })
  const record = openRecorder(runFolder)
  const start = seconds()
  let made = 0
  for (const event of events(SHAPE)) {
    record.record(event)
    // Yield to the event loop, like in a run.
    if (++made % 100 === 0) await turn()
  }
  record.close()
  const written = seconds() - start
  const afterWriting = peakMemory()
  const fold = new SummaryFold()
  for (const event of readEventLog(runFolder.events)) fold.add(event)
  const hosts = Object.keys(fold.summary().hosts).length
  if (hosts !== SHAPE.hosts) throw new Error(`the summary has ${hosts} hosts of ${SHAPE.hosts}`)
  const took = seconds() - start
  return {
    id: 'journal',
    what: `writing and summarizing an event log of ${EVENTS / 1e6} million events`,
    value: took,
    unit: 's',
    detail:
      `${megabytes(statSync(runFolder.events).size)}; written in ${written.toFixed(1)} s, events made meanwhile;` +
      ` peak memory ${megabytes(peakMemory())} (after writing: ${megabytes(afterWriting)})`,
  }
})
