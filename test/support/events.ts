import type {
  CommandRecord,
  Exhibit,
  Finding,
  LogEvent,
  PlayEnd,
  PlayStart,
  Recap,
  RunEnd,
  RunEvent,
  RunStart,
  TaskResult,
  TaskStart,
} from '../../src/events/events.ts'
import { emptyRecap } from '../../src/execution/recap.ts'

type Given<E> = Omit<E, 'type' | 'time'>

const HOSTS = ['node1', 'node2', 'node3']
const NO_COUNTS = emptyRecap()

/** Records a run like the runner; the clock advances by a second per event. */
export function recording() {
  const events: RunEvent[] = []
  const time = (): string => new Date(Date.UTC(2025, 0, 2, 3, 4, events.length)).toISOString()
  const add = (event: RunEvent): void => {
    events.push(event)
  }
  return {
    events,
    start: (given: Partial<Given<RunStart>> = {}) =>
      add({
        type: 'run_start',
        time: time(),
        playbook: 'site.mjs',
        version: '0.1.0',
        argv: [],
        check: false,
        hosts: HOSTS,
        controller: { hostname: 'desk', node: 'v20.20.2', platform: 'linux' },
        ...given,
      }),
    play: (play: string, kind: PlayStart['kind'] = 'play', hosts = HOSTS, given: Partial<Given<PlayStart>> = {}) =>
      add({ type: 'play_start', time: time(), play, kind, hosts, ...given }),
    playEnd: (play: string, durationMs: number) =>
      add({ type: 'play_end', time: time(), play, durationMs } satisfies PlayEnd),
    task: (play: string, task: string, host: string, module = 'apt') =>
      add({ type: 'task_start', time: time(), play, task, module, host } satisfies TaskStart),
    result: (play: string, task: string, host: string, given: Partial<Given<TaskResult>> = {}) =>
      add(result({ play, task, host, start: time(), ...given }, time())),
    waiting: (play: string, what: string, withinSeconds: number, host?: string) =>
      add({ type: 'waiting', time: time(), play, for: what, withinSeconds, ...(host === undefined ? {} : { host }) }),
    exhibitStart: (experiment: string, title: string, host: string) =>
      add({ type: 'exhibit_start', time: time(), experiment, title, host }),
    exhibit: (id: string, command: string, given: Partial<Given<Exhibit>> = {}) =>
      add({
        type: 'exhibit',
        time: time(),
        id,
        experiment: 'The app counts',
        title: id,
        host: 'controller',
        command,
        stdout: '',
        stderr: '',
        exitCode: 0,
        start: time(),
        durationMs: 12,
        ...given,
      }),
    finding: (id: string, statement: string, holds: Finding['holds'], detail?: string) =>
      add({
        type: 'finding',
        time: time(),
        id,
        experiment: 'The app counts',
        statement,
        holds,
        evidence: ['curl-1'],
        ...(detail === undefined ? {} : { detail }),
      }),
    notice: (message: string, given: Partial<Given<LogEvent>> = {}) =>
      add({ type: 'notice', time: time(), level: 'warning', message, ...given }),
    end: (hosts: Record<string, Partial<Recap>>, given: Partial<Given<RunEnd>> = {}) =>
      add({
        type: 'run_end',
        time: time(),
        status: 'passed',
        exitCode: 0,
        durationMs: 192_000,
        hosts: Object.fromEntries(Object.entries(hosts).map(([host, counts]) => [host, { ...NO_COUNTS, ...counts }])),
        ...given,
      }),
  }
}

/** A result, by default `ok`. */
export function result(given: Partial<Given<TaskResult>> = {}, time = '2025-01-02T03:04:05.000Z'): TaskResult {
  return {
    type: 'result',
    time,
    play: 'Docker Engine',
    task: 'Install Docker',
    module: 'apt',
    handler: false,
    host: 'node1',
    status: 'ok',
    ignored: false,
    changes: [],
    commands: [],
    stdout: '',
    stderr: '',
    exitCode: 0,
    start: time,
    durationMs: 40,
    attempts: 1,
    ...given,
  }
}

/** A successful command. */
export const command = (given: Partial<CommandRecord> = {}): CommandRecord => ({
  kind: 'change',
  script: 'apt-get install -y docker.io',
  stdout: '',
  stderr: '',
  exitCode: 0,
  durationMs: 1500,
  ...given,
})

const daemonJson = {
  description: 'write /etc/docker/daemon.json',
  diff: {
    subject: '/etc/docker/daemon.json',
    before: '{\n  "log-driver": "json-file"\n}\n',
    after: '{\n  "log-driver": "journald"\n}\n',
  },
}

/** Three hosts are provisioned; the app is verified. */
export function siteRun(): RunEvent[] {
  const run = recording()
  run.start()
  run.play('Base system')
  for (const host of HOSTS) {
    run.task('Base system', 'Name the host', host, 'hostname')
    run.result('Base system', 'Name the host', host)
    run.result('Base system', 'Kernel settings', host, { status: 'skipped', message: 'when: not on this kernel' })
  }
  run.playEnd('Base system', 1400)
  run.play('Docker Engine')
  for (const host of HOSTS) run.task('Docker Engine', 'Install Docker', host)
  for (const host of HOSTS) {
    run.result('Docker Engine', 'Install Docker', host, {
      status: 'changed',
      changes: [{ description: 'install docker.io 26.1.5' }],
      stdout: 'Setting up docker.io (26.1.5) ...\n',
      commands: [
        command({ kind: 'probe', script: 'dpkg-query -W docker.io', exitCode: 1 }),
        command({ stdout: 'Setting up docker.io (26.1.5) ...\n' }),
      ],
      durationMs: 31_000,
    })
    run.task('Docker Engine', 'Configure Docker', host, 'template')
    run.result('Docker Engine', 'Configure Docker', host, {
      status: 'changed',
      module: 'template',
      changes: [daemonJson],
    })
    run.task('Docker Engine', 'restart docker', host, 'systemd')
    run.result('Docker Engine', 'restart docker', host, {
      status: 'changed',
      handler: true,
      changes: [{ description: 'restart docker' }],
    })
  }
  run.playEnd('Docker Engine', 38_200)
  run.play('Swarm')
  run.notice('no IPVS in this kernel: services answer by DNS round robin', { host: 'node1' })
  run.task('Swarm', 'Make the swarm', 'node1', 'docker_swarm')
  run.result('Swarm', 'Make the swarm', 'node1', {
    status: 'changed',
    changes: [{ description: 'docker swarm init' }],
    attempts: 2,
  })
  for (const host of ['node2', 'node3'])
    run.result('Swarm', 'Join the swarm', host, { status: 'changed', delegatedTo: 'node1' })
  run.playEnd('Swarm', 6100)
  run.play('The app counts', 'experiment', ['node1'])
  run.exhibit('curl-1', 'curl -s http://10.0.0.1:8080/api/counter', {
    title: 'Read the count',
    stdout: '{"count": 100}\n',
  })
  run.exhibit('nodes-1', 'docker node ls', {
    title: 'Swarm nodes',
    host: 'node1',
    exitCode: 1,
    stderr: 'not a manager\n',
  })
  run.finding('app.replicas.answer', '4 distinct replicas answer from outside', true)
  run.finding('app.counter.counts', 'parallel clients add exactly what they ask for', true, '100 of 100')
  run.finding(
    'swarm.active.does-not-return',
    'after Active no task comes back by itself',
    null,
    'the drain was not seen',
  )
  run.finding('swarm.nodes.ready', 'all nodes are Ready', false, '2 of 3')
  run.playEnd('The app counts', 12_500)
  run.end({
    node1: { ok: 5, changed: 4, skipped: 1 },
    node2: { ok: 5, changed: 4, skipped: 1 },
    node3: { ok: 5, changed: 4, skipped: 1 },
  })
  return run.events
}

/** A node is lost; the run waits for it to be Down. */
export function waitingRun(): RunEvent[] {
  const run = recording()
  run.start()
  run.play('A node is lost', 'experiment', ['node1'], { phase: { number: 3, of: 4 } })
  run.exhibitStart('A node is lost', 'Nodes before', 'node1')
  run.exhibit('nodes-before', 'docker node ls', { experiment: 'A node is lost', title: 'Nodes before', host: 'node1' })
  run.waiting('A node is lost', 'node3 Down', 120, 'node1')
  run.exhibit('node3-is-down', 'docker node ls', {
    experiment: 'A node is lost',
    title: 'node3 is Down',
    host: 'node1',
  })
  run.playEnd('A node is lost', 20_000)
  run.end({})
  return run.events
}

/** One host fails, one is unreachable, one continues. */
export function brokenRun(): RunEvent[] {
  const run = recording()
  run.start()
  run.play('Docker Engine')
  for (const host of HOSTS) run.task('Docker Engine', 'Install Docker', host)
  run.result('Docker Engine', 'Install Docker', 'node1', {
    status: 'changed',
    changes: [{ description: 'install docker.io 26.1.5' }],
  })
  run.result('Docker Engine', 'Install Docker', 'node2', {
    status: 'failed',
    message: 'install docker.io: exit code 100',
    exitCode: 100,
    stderr: 'Reading package lists...\nE: Unable to locate package docker.io\n',
  })
  run.result('Docker Engine', 'Install Docker', 'node3', {
    status: 'unreachable',
    exitCode: null,
    message: 'node3 (10.0.0.3:22) does not answer; is it on, and is the address right?',
  })
  run.result('Docker Engine', 'Old packages', 'node1', { status: 'failed', ignored: true, message: 'exit code 1' })
  run.playEnd('Docker Engine', 38_200)
  run.end(
    { node1: { ok: 1, changed: 1, ignored: 1 }, node2: { failed: 1 }, node3: { unreachable: 1 } },
    { status: 'failed', exitCode: 2 },
  )
  return run.events
}

/** Check mode on clean hosts. */
export function checkRun(): RunEvent[] {
  const run = recording()
  run.start({ check: true, argv: ['--check', '--diff'] })
  run.play('Docker Engine')
  for (const host of HOSTS) {
    run.result('Docker Engine', 'Install Docker', host, {
      status: 'changed',
      changes: [{ description: 'install docker.io 26.1.5' }],
    })
    run.result('Docker Engine', 'Configure Docker', host, { status: 'changed', changes: [daemonJson] })
    run.result('Docker Engine', 'Start Docker', host, {
      status: 'unknown',
      message: 'depends on "Install Docker", which has not run yet',
    })
  }
  run.playEnd('Docker Engine', 900)
  run.end(Object.fromEntries(HOSTS.map((host) => [host, { ok: 2, changed: 2, unknown: 1 }])), { durationMs: 1200 })
  return run.events
}

/** More hosts than terminal lines. */
export function crowdRun(): RunEvent[] {
  const run = recording()
  const hosts = Array.from({ length: 40 }, (_, i) => `web${i + 1}`)
  run.start({ hosts })
  run.play('Docker Engine', 'play', hosts)
  for (const host of hosts) run.task('Docker Engine', 'Install Docker', host)
  for (const host of hosts) run.result('Docker Engine', 'Install Docker', host)
  run.playEnd('Docker Engine', 5000)
  run.end(Object.fromEntries(hosts.map((host) => [host, { ok: 1 }])))
  return run.events
}
