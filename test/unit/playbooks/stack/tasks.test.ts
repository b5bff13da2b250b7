import { messageText } from 'labbook'
import t from 'tap'
import {
  describeFailure,
  type FailedService,
  hasAllTasks,
  judge,
  unconvergedServices,
} from '../../../../playbooks/stack/tasks.ts'
import { readState, type ServiceState, type StackState } from '../../../../playbooks/stack/stack-state.ts'

const described = (failed: FailedService): string => messageText(describeFailure(failed))

/** Output of Docker in the format of stateCommand. */
const state = (
  services: readonly string[],
  updates: readonly string[],
  tasks: readonly string[],
  settings: readonly string[] = [],
): StackState =>
  readState(
    ['== services', ...services, '== updates', ...updates, '== settings', ...settings, '== tasks', ...tasks, '']
      .map((line) => line.replaceAll(' | ', '\t'))
      .join('\n'),
  )

const web = (replicas: string, tasks: readonly string[], update = 'shop_web'): StackState =>
  state([`shop_web | replicated | ${replicas}`], [update], tasks)
const none: ReadonlySet<string> = new Set()
const why = (stackState: StackState, before = none): string => {
  const judgement = judge(stackState, before)
  return judgement.kind === 'failed' ? judgement.failedServices.map(described).join('\n') : judgement.kind
}

t.test('readState parses the output of Docker', async (t) => {
  const { services, tasks } = state(
    ['shop_db | replicated | 1/1', 'shop_web | replicated | 2/4 (max 2 per node)', 'shop_front | global | 3/3'],
    ['shop_db', 'shop_web | updating | update in progress', 'shop_front | completed | update completed'],
    [
      'aaa | shop_web.1 | node1 | Running | Running 12 seconds ago | ',
      'bbb |  \\_ shop_web.1 | node2 | Shutdown | Failed about a minute ago | "task: non-zero exit (1)"',
      'ccc | shop_front.x7k2m | node3 | Running | Starting less than a second ago | ',
      'ddd | shop_db.1 |  | Running | Pending 2 hours ago | "no suitable node (insufficient resources on 3 nodes)"',
    ],
  )
  t.same(
    services.map(({ name, mode, running, desired: wanted, update }) => [name, mode, running, wanted, update]),
    [
      ['shop_db', 'replicated', 1, 1, ''],
      ['shop_web', 'replicated', 2, 4, 'updating'],
      ['shop_front', 'global', 3, 3, 'completed'],
    ],
  )
  t.same(
    tasks.map(({ id, name, service, node, desired, state, seconds, error }) => [
      id,
      name,
      service,
      node,
      desired,
      state,
      seconds,
      error,
    ]),
    [
      ['aaa', 'shop_web.1', 'shop_web', 'node1', 'running', 'running', 12, ''],
      ['bbb', 'shop_web.1', 'shop_web', 'node2', 'shutdown', 'failed', 60, 'task: non-zero exit (1)'],
      ['ccc', 'shop_front.x7k2m', 'shop_front', 'node3', 'running', 'starting', 0, ''],
      [
        'ddd',
        'shop_db.1',
        'shop_db',
        '',
        'running',
        'pending',
        7200,
        'no suitable node (insufficient resources on 3 nodes)',
      ],
    ],
  )
})

t.test('stack has converged when all tasks have run for a while', async (t) => {
  t.equal(judge(web('1/1', ['a | shop_web.1 | node1 | Running | Running 6 seconds ago | ']), none).kind, 'converged')
  t.equal(
    judge(web('1/1', ['a | shop_web.1 | node1 | Running | Running 2 seconds ago | ']), none).kind,
    'waiting',
    'the task may still crash at startup',
  )
  t.equal(judge(web('0/0', []), none).kind, 'converged', 'no replicas desired')
  t.equal(judge(web('1/2', ['a | shop_web.1 | node1 | Running | Running 6 seconds ago | ']), none).kind, 'waiting')
  t.equal(
    judge(
      web(
        '1/1',
        ['a | shop_web.1 | node1 | Running | Running 6 seconds ago | '],
        'shop_web | updating | update in progress',
      ),
      none,
    ).kind,
    'waiting',
  )
  t.equal(judge(state([], [], []), none).kind, 'waiting', 'no services created yet')
  t.equal(
    judge(
      web('1/1', [
        'b | shop_web.1 | node1 | Running | Running 9 seconds ago | ',
        'a | shop_web.1 | node1 | Shutdown | Failed 20 seconds ago | "task: non-zero exit (1)"',
      ]),
      none,
    ).kind,
    'converged',
    'earlier failures do not count',
  )
})

const crash = (id: string, ago: number): string =>
  `${id} | shop_web.1 | node2 | Shutdown | Failed ${ago} seconds ago | "task: non-zero exit (1)"`

t.test('service with repeated task failures has failed', async (t) => {
  const stackState = web('0/1', [
    'd | shop_web.1 | node2 | Ready | Ready 1 second ago | ',
    crash('c', 1),
    crash('b', 8),
    crash('a', 15),
  ])
  t.equal(
    why(stackState),
    'shop_web: shop_web.1 failed 3 times; task shop_web.1 on node2 is failed: task: non-zero exit (1)',
  )
  t.equal(why(stackState, new Set(['a'])), 'waiting', 'failures before this deployment do not count')
  t.equal(
    why(web('0/1', [crash('c', 1), crash('b', 8), 'x | shop_web.1 | node1 | Running | Preparing 1 second ago | '])),
    'waiting',
    'two failures are below the limit',
  )
})

t.test('service with a missing image has failed', async (t) => {
  const rejected = (id: string) =>
    `${id} | shop_web.1 | node1 | Shutdown | Rejected 3 seconds ago | "No such image: nginx:latestt"`
  t.match(
    why(
      web('0/1', [
        'r | shop_web.1 | node3 | Ready | Rejected less than a second ago | "No such image: nginx:latestt"',
        rejected('b'),
        rejected('a'),
      ]),
    ),
    /^shop_web: shop_web\.1 failed 3 times; task shop_web\.1 on node3 is rejected: No such image: nginx:latestt \(the node cannot pull the image: /,
  )
})

t.test('unschedulable service has failed', async (t) => {
  const pending = (ago: number) =>
    web('0/1', [
      `p | shop_web.1 |  | Running | Pending ${ago} seconds ago | "no suitable node (scheduling constraints not satisfied on 3 nodes)"`,
    ])
  t.match(
    why(pending(30)),
    /^shop_web: no suitable node; task shop_web\.1 is pending: no suitable node .* \(no node matches deploy\.placement\.constraints/,
  )
  t.equal(why(pending(5)), 'waiting')
})

t.test('exited service that is not restarted, or with a failed update, has failed', async (t) => {
  t.match(
    why(web('0/1', ['a | shop_web.1 | node1 | Shutdown | Complete 8 seconds ago | '])),
    /it exited, and its restart_policy does not restart it; task shop_web\.1 on node1 is complete/,
  )
  t.equal(
    why(
      web('0/1', [
        'b | shop_web.1 | node1 | Ready | Ready 1 second ago | ',
        'a | shop_web.1 | node1 | Shutdown | Complete 8 seconds ago | ',
      ]),
    ),
    'waiting',
  )
  const running = 'a | shop_web.1 | node1 | Running | Running 60 seconds ago | '
  t.match(
    why(web('1/1', [running, crash('b', 5)], 'shop_web | rollback_completed | rollback completed')),
    /update failed and was rolled back \(rollback completed\); task shop_web\.1 on node2 is failed/,
  )
  t.match(
    why(web('1/1', [running], 'shop_web | paused | update paused due to failure')),
    /^shop_web: update paused \(update paused due to failure\)$/,
  )
})

t.test('a global service that no node can take has not converged', async (t) => {
  const front = (replicas: string, settings: string, tasks: string[] = []) =>
    state([`shop_front | global | ${replicas}`], ['shop_front'], tasks, [`shop_front | any | ${settings}`])
  const empty = front('0/0', 'node.labels.a == b, node.role == worker')
  t.same(judge(empty, none, 5), { kind: 'waiting', for: 'shop_front (0 of 0)' }, 'a node may return')
  const failed = judge(empty, none, 20)
  t.equal(failed.kind, 'failed')
  t.match(failed.kind === 'failed' && failed.failedServices.map(described), [
    /^shop_front: no node can run it: all are drained, paused or down, or none matches deploy\.placement\.constraints \[node\.labels\.a == b, node\.role == worker\]$/,
  ])
  t.match(judge(front('0/0', ''), none, 20), {
    failedServices: [{ reason: { id: 'no node can run it: all are drained, paused or down' } }],
  })
  t.same(unconvergedServices(empty).map(described).length, 1, 'named after the timeout')
  t.equal(hasAllTasks(empty.services[0] as ServiceState, []), false)
  t.equal(
    judge(front('1/1', '', ['a | shop_front.x | node1 | Running | Running 9 seconds ago | ']), none, 20).kind,
    'converged',
  )
})

t.test('a one-shot that exited with 0 is done', async (t) => {
  const once = (condition: string, replicas: string, tasks: readonly string[]) =>
    state([`shop_web | replicated | ${replicas}`], ['shop_web'], tasks, [`shop_web | ${condition} | `])
  const done = (slot: number, ago: number) =>
    `c${slot} | shop_web.${slot} | node1 | Shutdown | Complete ${ago} seconds ago | `
  for (const condition of ['none', 'on-failure']) {
    const judged = judge(once(condition, '0/1', [done(1, 8)]), none)
    t.equal(judged.kind, 'converged', condition)
    t.equal(judge(once(condition, '0/1', [done(1, 1)]), none).kind, 'waiting', 'an update may follow')
    t.equal(judge(once(condition, '0/2', [done(1, 8)]), none).kind, 'waiting', 'one of two')
    t.equal(judge(once(condition, '0/2', [done(1, 8), done(2, 9)]), none).kind, 'converged', 'both')
  }
  const second = 'b | shop_web.2 | node1 | Running | Running 9 seconds ago | '
  t.equal(judge(once('on-failure', '1/2', [done(1, 8), second]), none).kind, 'converged', 'one runs, one is done')
  t.equal(judge(once('on-failure', '0/1', [done(1, 8), crash('f', 20)]), none).kind, 'converged', 'after a failure')
  t.match(why(once('none', '0/1', [crash('f', 20)])), /it exited, and its restart_policy does not restart it/)
  t.equal(
    judge(once('on-failure', '0/1', [crash('f', 2), done(1, 30)]), none).kind,
    'waiting',
    'the newest task counts',
  )
  t.match(why(once('any', '0/1', [done(1, 8)])), /it exited, and/, 'any restarts it')
})

t.test('jobs are done when all their tasks have completed', async (t) => {
  const job = (mode: string, replicas: string, tasks: readonly string[] = []) =>
    state([`shop_job | ${mode} | ${replicas}`], ['shop_job'], tasks, ['shop_job | none | '])
  const completed = 'a | shop_job.1 | node1 | Complete | Complete 2 seconds ago | '
  t.equal(judge(job('replicated job', '0/1 (1/1 completed)', [completed]), none).kind, 'converged')
  t.equal(judge(job('global job', '0/0 (3/3 completed)'), none).kind, 'converged')
  t.same(judge(job('replicated job', '1/2 (3/10 completed)'), none), {
    kind: 'waiting',
    for: 'shop_job (3 of 10 completed)',
  })
  t.equal(judge(job('global job', '0/0 (0/0 completed)'), none, 20).kind, 'failed', 'no node can run it')
  const pending = 'p | shop_job.1 |  | Complete | Pending 30 seconds ago | "no suitable node (max replicas per node)"'
  t.match(why(job('replicated job', '0/1 (0/1 completed)', [pending])), /^shop_job: no suitable node/)
  const failed = ['c', 'b', 'a'].map((id) => crash(id, 9).replaceAll('shop_web', 'shop_job'))
  t.match(why(job('replicated job', '0/1 (0/1 completed)', failed)), /shop_job\.1 failed 3 times/)
  t.match(unconvergedServices(job('replicated job', '1/2 (3/10 completed)')).map(described), [
    'shop_job: 3 of 10 completed, 1 tasks run',
  ])
})

t.test('after the timeout every service that has not converged is named with its latest failure', async (t) => {
  const explanations = unconvergedServices(
    state(
      ['shop_db | replicated | 1/1', 'shop_web | replicated | 0/1', 'shop_api | replicated | 0/2'],
      ['shop_db', 'shop_web', 'shop_api | updating | update in progress'],
      [
        'a | shop_db.1 | node1 | Running | Running 60 seconds ago | ',
        crash('b', 3),
        'c | shop_api.1 | node1 | Running | Preparing 2 minutes ago | ',
      ],
    ),
  ).map(described)
  t.same(explanations, [
    'shop_web: 0 of 1 tasks run; task shop_web.1 on node2 is failed: task: non-zero exit (1)',
    'shop_api: 0 of 2 tasks run, updating; task shop_api.1 on node1 is preparing',
  ])
})
