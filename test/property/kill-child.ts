// The runner that killedRun() starts and kills: reads its job from stdin, prints a line at the start of each task.
import { text } from 'node:stream/consumers'
import type { KillJob } from './kill.ts'
import { runTasks } from './node.ts'

const { place, root, tasks } = JSON.parse(await text(process.stdin)) as KillJob
const { exitCode } = await runTasks({ place, root }, tasks, false, (event) => {
  if (event.type === 'task_start') process.stdout.write(`${event.task}\n`)
})
process.exitCode = exitCode
