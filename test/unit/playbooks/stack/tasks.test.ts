import t from 'tap'
import { describeFailure, judge, unconvergedServices } from '../../../../playbooks/stack/tasks.ts'
import { readState, type StackState } from '../../../../playbooks/stack/stack-state.ts'

/** Output of Docker in the format of stateCommand. */
const state = (services: readonly string[], updates: readonly string[], tasks: readonly string[]): StackState =>
  readState(
    ['== services', ...services, '== updates', ...updates, '== tasks', ...tasks, '']
      .map((line) => line.replaceAll(' | ', '\t'))
      .join('\n'),
  )

const web = (replicas: string, tasks: readonly string[], update = 'shop_web'): StackState =>
  state([`shop_web | replicated | ${replicas}`], [update], tasks)
const none: ReadonlySet<string> = new Set()
const why = (stackState: StackState, before = none): string => {
  const judgement = judge(stackState, before)
  return judgement.kind === 'failed' ? judgement.failedServices.map(describeFailure).join('\n') : judgement.kind
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
  ).map(describeFailure)
  t.same(explanations, [
    'shop_web: 0 of 1 tasks run; task shop_web.1 on node2 is failed: task: non-zero exit (1)',
    'shop_api: 0 of 2 tasks run, updating; task shop_api.1 on node1 is preparing',
  ])
})
