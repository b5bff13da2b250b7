import type { Exhibit, LogEvent, RunStart, TaskResult } from '../../../src/events/events.ts'

const time = '2026-11-21T04:30:00.000Z'

export const notice = (message: string): LogEvent => ({ type: 'notice', time, level: 'info', message })

export const runStart = (hosts: readonly string[], more: Partial<RunStart> = {}): RunStart => ({
  type: 'run_start',
  time,
  playbook: 'site',
  version: '0.1.0',
  argv: ['site.mjs'],
  check: false,
  hosts,
  controller: { hostname: 'laptop', node: 'v20', platform: 'linux' },
  ...more,
})

export const result = (host: string, status: TaskResult['status'], more: Partial<TaskResult> = {}): TaskResult => ({
  type: 'result',
  time,
  play: 'Docker',
  task: 'apt: docker.io',
  module: 'apt',
  handler: false,
  host,
  status,
  ignored: false,
  changes: [],
  commands: [],
  stdout: '',
  stderr: '',
  exitCode: 0,
  start: time,
  durationMs: 10,
  attempts: 1,
  ...more,
})

export const exhibit = (more: Partial<Exhibit> = {}): Exhibit => ({
  type: 'exhibit',
  time,
  id: 'nodes-1',
  experiment: 'Drain',
  title: 'Nodes',
  host: 'node1',
  command: 'docker node ls',
  stdout: 'ID\n',
  stderr: '',
  exitCode: 0,
  start: time,
  durationMs: 40,
  ...more,
})
