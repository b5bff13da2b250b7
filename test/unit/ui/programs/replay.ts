/** Replays a run on the screen that fits; `paused` stops before the first result until Enter or Ctrl-C is typed. */
import { once } from 'node:events'
import { chooseScreen } from '../../../../src/ui/index.ts'
import { brokenRun, checkRun, crowdRun, siteRun } from '../../../support/events.ts'

const runs = { siteRun, brokenRun, checkRun, crowdRun }
const [name = '', mode = ''] = process.argv.slice(2)
const events = runs[name as keyof typeof runs]()
const screen = await chooseScreen({ json: mode === 'json', diff: mode === 'diff', verbosity: mode === '-v' ? 1 : 0, stdout: process.stdout })

process.on('SIGINT', () => {
  void screen.done('OURS').then(() => process.exit(130))
})

let paused = mode === 'paused'
for (const event of events) {
  if (paused && event.type === 'result') {
    paused = false
    await once(process.stdin, 'data')
    process.stdin.pause()
  }
  screen.show({ ...event, time: new Date().toISOString() })
}
await screen.done('Report: runs/latest/report.html')
