/**
 * Replays a run on the chosen screen; `paused` stops before the first result, `waiting` at the first wait, until Enter
 * or Ctrl-C.
 */
import { once } from 'node:events'
import { chooseScreen, type Closing } from '../../../../src/ui/index.ts'
import { brokenRun, checkRun, crowdRun, siteRun, waitingRun } from '../../../support/events.ts'

const runs = { siteRun, brokenRun, checkRun, crowdRun, waitingRun }
/** A complete closing. */
const closing: Closing = {
  standing: [['node1', 'http://10.0.0.1:8080  manager']],
  figures: [['Failed requests', '0']],
  next: [['Remove the lab', 'npx zx playbooks/lab.mjs down']],
}
const [name = '', mode = ''] = process.argv.slice(2)
const events = runs[name as keyof typeof runs]()
const screen = await chooseScreen({
  json: mode === 'json',
  diff: mode === 'diff',
  verbosity: mode === '-v' ? 1 : 0,
  stdout: process.stdout,
  expected: () => [9000, 9000, 60_000, 90_000],
})

process.on('SIGINT', () => {
  void screen.close({ report: 'OURS' }).then(() => process.exit(130))
})

let paused = mode === 'paused' || mode === 'waiting'
let waiting = false
for (const event of events) {
  if (paused && (mode === 'waiting' ? waiting : event.type === 'result')) {
    paused = false
    await once(process.stdin, 'data')
    process.stdin.pause()
  }
  screen.show({ ...event, time: new Date().toISOString() })
  waiting = event.type === 'waiting'
}
await screen.close({ report: 'runs/latest/report.html', ...(mode === 'closing' ? { closing } : {}) })
