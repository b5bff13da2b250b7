import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../../../playbooks/app/images/table.ts'
import { composeData, modelOfCompose } from '../../../../playbooks/prove/from-compose.ts'
import type { Outcome } from '../../../../playbooks/methods/experiment-series.ts'
import { changeText, isTriable, suggest } from '../../../../playbooks/prove/suggest/suggest.ts'
import { DEFECTIVE, plant } from '../../../lab/prove/defects.ts'
import { messageText } from '../../../../src/labbook.ts'

const HEALTHY = readFileSync(path.join(ROOT, 'test/lab/prove/compose.yaml'), 'utf8')
const NODES = ['node1', 'node2', 'node3'].map((hostname) => ({ hostname, attributes: {} }))

const failed = (finding: string, facts: Outcome['facts'] = {}): Outcome => {
  const [, kind = '', claim = '', service = ''] = finding.split('.')
  return { kind, claim, service, holds: false, detail: '', facts }
}

const suggestion = (text: string, outcomes: readonly Outcome[]) =>
  suggest({ text, shown: 'compose.yaml' }, { model: modelOfCompose(composeData(text)), nodes: NODES }, outcomes)

/** Each suggested change, without its reason. */
const changes = (text: string, ...outcomes: Outcome[]): string[] =>
  suggestion(text, outcomes).changes.map((change) => messageText(changeText(change)).replace(/ \(.*\)$/, ''))

/** What the experiments find out about the planted defects, and the changes that follow. */
const EXPECTED: Readonly<Record<string, { readonly facts?: Outcome['facts']; readonly changes: readonly string[] }>> = {
  'no health check of shop': {
    facts: { healthcheck: 'none', test: 'curl -f http://127.0.0.1:8080/' },
    changes: [
      'shop: healthcheck: {"test":"curl -f http://127.0.0.1:8080/","interval":"5s","timeout":"3s","retries":3,"start_period":"30s"}',
    ],
  },
  'a health check that always succeeds of blog': {
    facts: { healthcheck: 'ineffective', test: 'curl -f http://127.0.0.1:8080/' },
    changes: ['blog: healthcheck.test: curl -f http://127.0.0.1:8080/'],
  },
  'no restart policy of shop': { changes: ['shop: deploy.restart_policy.condition: any'] },
  'one replica of blog': { changes: ['blog: deploy.replicas: 2'] },
  'no memory limit of shop': {
    facts: { 'memory MiB': 30 },
    changes: ['shop: deploy.resources.limits.memory: 96M'],
  },
  'no memory limit of front': { changes: ['front: deploy.resources.limits.memory: 256M'] },
  'the update stops the only task first of shop': { changes: ['shop: deploy.update_config.order: start-first'] },
  'the rollback stops first of shop': { changes: ['shop: deploy.rollback_config.order: start-first'] },
  'a failed update pauses of shop': { changes: ['shop: deploy.update_config.failure_action: rollback'] },
  'the grace period is too short of blog': {
    facts: { grace: 15, handlesStopSignal: 'yes' },
    changes: ['blog: stop_grace_period: 60s'],
  },
  'a failed update continues of blog': { changes: ['blog: deploy.update_config.failure_action: rollback'] },
  'a failed update pauses of front': { changes: ['front: deploy.update_config.failure_action: rollback'] },
  'the stop signal is ignored of shop': {
    facts: { grace: 15, handlesStopSignal: 'no' },
    changes: ['shop: init: true'],
  },
  'max_replicas_per_node leaves no room of blog': {
    facts: { error: 'no suitable node (max replicas per node limit exceed)' },
    changes: ['blog: deploy.placement.max_replicas_per_node: 2'],
  },
  'a volume of one node, and a task that moves of store': {
    facts: { node: 'node2' },
    changes: ['store: deploy.placement.constraints: ["node.hostname == node2"]'],
  },
  'no memory limit of blog': {
    facts: { 'memory MiB': 10 },
    changes: ['blog: deploy.resources.limits.memory: 64M'],
  },
}

t.test('each planted defect has a change of the compose file', async (t) => {
  for (const { defects } of DEFECTIVE) {
    const text = plant(HEALTHY, defects)
    for (const { name, service, findings } of defects) {
      const row = `${name} of ${service}`
      const expected = EXPECTED[row]
      t.ok(expected, row)
      t.same(changes(text, ...findings.map((finding) => failed(finding, expected?.facts))), expected?.changes, row)
    }
  }
})

t.test('a finding that holds, or is inconclusive, changes nothing', async (t) => {
  const outcome = failed('prove.kill.available.shop')
  t.same(
    suggestion(HEALTHY, [
      { ...outcome, holds: true },
      { ...outcome, holds: null },
    ]).diff,
    '',
  )
})

t.test('changes of a database are shown, and tried only if it is named', async (t) => {
  const text = 'services:\n  web: {image: web}\n  db: {image: postgres}\n'
  const model = modelOfCompose(composeData(text))
  const outcomes = [failed('prove.settings.memory-limit.web'), failed('prove.settings.memory-limit.db')]
  const tried = (named?: readonly string[]): string[] =>
    suggest({ text, shown: 'compose.yaml' }, { model, nodes: NODES }, outcomes, (change) =>
      isTriable(change, model, named),
    ).changes.map(({ service }) => service)
  t.same(
    suggestion(text, outcomes).changes.map(({ service }) => service),
    ['web', 'db'],
  )
  t.same(tried(), ['web'])
  t.same(tried(['db']), ['db'])
})

t.test('the diff has the changed lines, and keeps the comments', async (t) => {
  const text = 'services:\n  web: # page\n    image: web\n    deploy: {replicas: 1} # one\n'
  const { diff, text: edited } = suggestion(text, [
    failed('prove.kill.available.web'),
    failed('prove.broken-update.rolls-back.web'),
  ])
  t.equal(
    edited,
    'services:\n  web: # page\n    image: web\n    deploy: {replicas: 2, update_config: {failure_action: rollback}} # one\n',
  )
  t.match(diff, /^--- compose.yaml\n\+\+\+ compose.yaml\n@@ -2,3 \+2,3 @@/)
})

t.test('dollar signs of a command are no variables', async (t) => {
  const outcome = failed('prove.hang.replaced.web', { healthcheck: 'none', test: 'test $(cat x) = 1' })
  t.match(suggestion('services:\n  web:\n    image: web\n', [outcome]).text, 'test: test $$(cat x) = 1')
})

t.test('a database, and a service on a port of the node, do not start first', async (t) => {
  const text = `services:
  db: {image: postgres}
  web: {image: web, ports: [{target: 80, published: 80, mode: host}]}
`
  t.same(changes(text, failed('prove.update.requests.db'), failed('prove.update.requests.web')), [])
})

t.test('a service whose only task was on a lost node gets a second replica', async (t) => {
  const text = 'services:\n  web: {image: web}\n  api: {image: api}\n  db: {image: postgres}\n'
  t.same(changes(text, failed('prove.power-cut.available.stack', { alone: 'web,db' })), ['web: deploy.replicas: 2'])
})

t.test('a rollback on a port of the node stops first', async (t) => {
  const text = `services:
  web:
    image: web
    ports: [{target: 80, published: 80, mode: host}]
    deploy: {rollback_config: {order: start-first}}
`
  t.same(changes(text, failed('prove.update.rollback.web')), ['web: deploy.rollback_config.order: stop-first'])
})

t.test('users of a dependency are restarted', async (t) => {
  const text = `services:
  cache: {image: cache}
  web: {image: web, ports: ['80:80'], environment: {CACHE_HOST: cache}, deploy: {restart_policy: {condition: on-failure}}}
`
  t.same(changes(text, failed('prove.dependency.recovers.cache')), ['web: deploy.restart_policy.condition: any'])
})
