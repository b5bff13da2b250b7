import { closeSync, openSync, writeSync } from 'node:fs'
import { emptyRecap } from '../../src/execution/recap.ts'
import type { RunEvent } from '../../src/events/events.ts'

/** Size of a generated run. */
export interface Shape {
  readonly hosts: number
  readonly tasks: number
}

/** Events of one play: two per task and host, every fourth a change with a diff. */
export function* events({ hosts, tasks }: Shape): Generator<RunEvent> {
  const names = Array.from({ length: hosts }, (_, index) => `h${String(index + 1).padStart(4, '0')}`)
  let now = Date.parse('2026-01-01T00:00:00Z')
  const time = (): string => new Date(now++).toISOString()
  yield {
    type: 'run_start',
    time: time(),
    playbook: 'site',
    version: '0',
    argv: ['npx', 'zx', 'playbooks/site.mjs'],
    check: false,
    hosts: names,
    controller: { hostname: 'bench', node: process.version, platform: 'linux' },
  }
  yield { type: 'play_start', time: time(), play: 'Site', hosts: names, kind: 'play' }
  for (let task = 0; task < tasks; task++) {
    for (const host of names) {
      const about = { play: 'Site', task: `Task ${task + 1}: /etc/example/${task}.conf`, module: 'copy', host }
      const changed = task % 4 === 0
      yield { type: 'task_start', time: time(), ...about }
      const diff = {
        subject: `/etc/example/${task}.conf`,
        before: 'port 80\nworkers 2\n',
        after: 'port 8080\nworkers 4\n',
      }
      const probe = {
        kind: 'probe' as const,
        script: `stat -c '%a %U %G' /etc/example/${task}.conf`,
        stdout: '644 root root\n',
        stderr: '',
        exitCode: 0,
        durationMs: 1,
      }
      yield {
        type: 'result',
        time: time(),
        ...about,
        handler: false,
        status: changed ? 'changed' : 'ok',
        ignored: false,
        changes: changed ? [{ description: `write ${diff.subject}`, diff }] : [],
        commands: [probe],
        stdout: probe.stdout,
        stderr: '',
        exitCode: 0,
        start: time(),
        durationMs: 2,
        attempts: 1,
      }
    }
  }
  const recap = { ...emptyRecap(), ok: tasks, changed: Math.ceil(tasks / 4) }
  yield { type: 'play_end', time: time(), play: 'Site', durationMs: 1000 }
  yield {
    type: 'run_end',
    time: time(),
    status: 'passed',
    exitCode: 0,
    hosts: Object.fromEntries(names.map((name) => [name, recap])),
    durationMs: 1000,
  }
}

/** Writes an event log directly, without the recorder of a run. */
export function writeJournal(file: string, shape: Shape): void {
  const fd = openSync(file, 'w')
  for (const event of events(shape)) writeSync(fd, `${JSON.stringify(event)}\n`)
  closeSync(fd)
}
