import { chmodSync, existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { z } from 'zod'
import { k8s } from '../../../src/modules/k8s.ts'
import { missingOf, readRollout } from '../../../src/modules/kubernetes/rollout.ts'
import { Secret } from '../../../src/values/secret.ts'
import { runIn, shells } from '../../support/shells.ts'

const { definition } = k8s
type Input = z.input<typeof definition.schema>
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, stdout: string, { stderr = '', exitCode = 0 } = {}) =>
  definition.plan(parse(params), { stdout, stderr, exitCode }, {}, {})
const descriptions = (...args: Parameters<typeof plan>): string[] =>
  plan(...args).changes.map(({ description }) => description)

const config = (data: object, name = 'counter') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'counter',
    labels: { 'app.kubernetes.io/name': 'counter', 'app.kubernetes.io/part-of': 'counter' },
  },
  data,
})
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'counter' },
  spec: { replicas: 4 },
}
const DIFF = readFileSync('test/fixtures/kubectl/diff-whole.txt', 'utf8')
const there = (more = ''): string => `lb:namespace counter\n${more}`

t.test('no difference, no change; a difference is one of its object alone', async (t) => {
  t.same(plan({ definition: config({ a: 'b' }) }, there()), {
    changes: [],
    values: { objects: [{ kind: 'ConfigMap', name: 'counter', namespace: 'counter' }] },
  })
  const [change] = plan({ definition: [config({}), config({}, 'other')] }, there(DIFF)).changes
  t.match(change, {
    description: 'change ConfigMap counter/counter',
    diff: { subject: 'ConfigMap counter/counter', before: /INFO/, after: /DEBUG/ },
  })
  t.match(change?.script, /apply --server-side --field-manager labbook\s+-f -/)
  t.notMatch(change?.script, /force/)
  t.same(descriptions({ definition: config({}, 'new.one') }, there(DIFF)), ['create ConfigMap counter/new.one'])
})

t.test('where the namespace is yet to be made, all in it is new', async (t) => {
  const made = plan(
    {
      definition: [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fresh' } },
        { ...config({ a: 'b' }), metadata: { name: 'x', namespace: 'fresh' } },
      ],
    },
    'lb:namespace \n',
  )
  t.same(
    made.changes.map(({ description, diff }) => [description, diff?.before]),
    [['create ConfigMap fresh/x', '']],
  )
})

t.test('conflicts name the others, their fields and the way out', async (t) => {
  const said = (name: string): string =>
    readFileSync(`test/fixtures/kubectl/${name}`, 'utf8')
      .split('\n')
      .map((line) => `lb:said ${line}`)
      .join('\n')
  const { problem } = plan(
    { definition: deployment, server_side_apply: { field_manager: 'ours' } },
    there(`lb:refused 0\n${said('conflict-scale.txt')}\n`),
  )
  t.match(
    problem,
    /^Deployment counter\/web: "kubectl" has set \.spec\.replicas otherwise: .*force_conflicts: true.*"ours"/,
  )
  t.match(
    plan({ definition: [deployment, config({})] }, there(`lb:refused 0\n${said('conflicts.txt')}\n`)).problem,
    /^ConfigMap counter\/counter: "kubectl-label" has set .*; "somebody" has set \.data\.LOG_LEVEL, \.data\.REDIS_HOST otherwise/,
    'in the order they are applied in',
  )
  t.match(
    plan(
      { definition: deployment },
      there(
        'lb:refused 0\nlb:said Error from server: failed to create typed patch object: .spec.replcas: field not declared in schema\n',
      ),
    ).problem,
    'Deployment counter/web: failed to create typed patch object: .spec.replcas: field not declared in schema',
  )
})

t.test('what cannot be asked is a problem with a remedy', async (t) => {
  t.match(plan({ definition: deployment }, '', { exitCode: 94 }).problem, /no kubectl and no k3s/)
  t.match(
    plan({ definition: deployment }, '', {
      exitCode: 95,
      stderr:
        'E1121 10:00 x] noise\nThe connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n',
    }).problem,
    /does not answer: The connection .*6443 was refused/,
  )
  t.match(plan({ definition: 'kind: X\n' }, '').problem, 'definition: an object has no apiVersion')
  t.match(plan({ definition: [] }, '').problem, /no object at all/)
  t.throws(() => parse({}), /give template, src or definition/)
  t.throws(() => parse({ definition: deployment, prune: true }), /label_selectors/)
  t.throws(() => parse({ definition: deployment, apply: false } as never), /always applied/)
})

t.test('prune: what has the labels and is asked for no more', async (t) => {
  const params: Input = { definition: config({}), prune: true, label_selectors: ['app.kubernetes.io/part-of=counter'] }
  const found = there(
    'lb:there v1 ConfigMap counter counter\nlb:there v1 ConfigMap counter old\nlb:there autoscaling/v1 HorizontalPodAutoscaler counter web\n',
  )
  t.same(descriptions(params, found), [
    'remove HorizontalPodAutoscaler counter/web: it is in the manifests no more',
    'remove ConfigMap counter/old: it is in the manifests no more',
  ])
  const labelled = {
    ...deployment,
    metadata: { ...deployment.metadata, labels: { 'app.kubernetes.io/part-of': 'counter' } },
  }
  t.same(
    descriptions(
      { ...params, definition: [config({}), labelled], wait: true },
      found.replace('counter web', 'fresh web').replace('lb:namespace counter', 'lb:namespace fresh'),
    ).map((line) => line.split(' ')[0]),
    ['remove', 'create', 'create', 'wait', 'remove'],
    'an autoscaler goes before the number of pods that it would undo, the rest when all is well',
  )
  t.match(plan({ ...params, label_selectors: ['a=b'] }, there()).problem, /has not the label a=b/)
  t.notMatch(definition.schema.parse(params).prune_kinds, /PersistentVolumeClaim|Namespace/)
})

t.test('waiting: for what differs, and for what has not come up', async (t) => {
  const params: Input = { definition: deployment, wait: true, wait_timeout: 9 }
  t.same(descriptions(params, there('lb:rollout 0 1|1|4|4|4|4|4\n')), [])
  t.same(descriptions(params, there('lb:rollout 0 1|1|4|4|4|2|2\n')), [
    'wait for Deployment counter/web (2 of 4 pods are available)',
  ])
  t.same(descriptions(params, 'lb:namespace \n'), ['create Deployment counter/web', 'wait for Deployment counter/web'])
  t.same(descriptions({ definition: deployment }, there('')), [], 'not unless asked')
})

t.test('how far a rollout is', async (t) => {
  const missing = (kind: string, line: string) => missingOf(kind, readRollout(line))
  t.equal(missing('Deployment', '2|1|4|4|4|4|4'), 'the change is not taken up yet')
  t.equal(missing('Deployment', '2|2|4|1|5|4|4'), '1 of 4 pods are of the new revision')
  t.equal(missing('Deployment', '2|2|4|4|5|5|5'), '1 pods of an older revision are still there')
  t.equal(missing('Deployment', '2|2|4|4|4|3|'), '0 of 4 pods are available')
  t.equal(missing('Deployment', '2|2|0||||'), undefined)
  t.equal(missing('StatefulSet', '1|1|3|3|3|3|3|a|a'), undefined)
  t.equal(missing('StatefulSet', '1|1|3|1|3|3|3|a|b'), '1 of 3 pods are of the new revision')
  t.equal(missing('StatefulSet', '1|1|3||||'), '0 of 3 pods are ready')
  t.equal(missing('DaemonSet', '1|1|2|2|2|2|2'), undefined)
  t.equal(missing('DaemonSet', '1|1|2|2|2|2|1'), '1 of 2 pods are available')
})

t.test('what may change the machine is said to change anything', async (t) => {
  const pod = (volumes: object[]): Record<string, unknown> => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { volumes },
  })
  const sets = (object: Record<string, unknown>) =>
    plan({ definition: object, namespace: 'missing' }, '').changes[0]?.sets
  t.same(sets(pod([])), ['kubernetes:objects'])
  t.equal(sets(pod([{ hostPath: { path: '/etc' } }])), undefined)
})

/**
 * Stands in for kubectl: keeps what it was called with and what it read, and prints what was recorded from a real one.
 */
const STAND_IN = `#!/bin/sh
here=\${0%/*}
echo "$*" >>"$here/calls"
case " $* " in *' -f - '*) cat >>"$here/read" ;; esac
case " $* " in
  *' get namespaces '*) echo namespace/counter ;;
  *' diff '*) [ "$KUBECTL_EXTERNAL_DIFF" = 'diff -N -U99999' ] || exit 3; [ ! -e "$here/refuses" ] || { cat "$here/refuses" >&2; exit 2; }; [ -e "$here/applied" ] || { cat "$here/diff"; exit 1; } ;;
  *' apply '*) : >"$here/applied" ;;
  *' rollout status '*) echo 'error: timed out waiting for the condition' >&2; exit 1 ;;
  *' get deployment.apps/web '*'range $key'*) echo 'app=web,' ;;
  *' get deployment.apps/web '*jsonpath*) echo 'lb:rollout 0 1|1|4|4|4|2|2' ;;
  *' get pods '*) printf '%s\\n' 'web-1|0|ImagePullBackOff: Back-off pulling image "x"' 'web-2|4|CrashLoopBackOff' ;;
  *' get events '*) echo 'Failed: not found' ;;
  *' logs '*--previous*' web-2 '*) echo 'no such table: orders' ;;
esac
`

for (const shell of shells) {
  t.test(`${shell.name}: what is asked of kubectl, and how (a stand-in for it)`, async (t) => {
    const dir = t.testdir({ kubectl: STAND_IN, diff: DIFF })
    chmodSync(`${dir}/kubectl`, 0o755)
    const run = (script: string) => runIn(shell, script, { env: { PATH: `${dir}:${process.env.PATH}` } })
    const params = parse({
      definition: [
        { ...config({ LOG_LEVEL: "it's" }) },
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'redis', namespace: 'counter' },
          stringData: { password: new Secret('hunter22-22') },
        },
      ],
      context: 'dev',
      kubeconfig: '/x/y z',
      server_side_apply: { force_conflicts: true },
    })
    const look = () => definition.plan(params, run(definition.probe(params, {})), {}, {})
    const first = look()
    t.equal(first.problem, undefined)
    t.same(
      first.changes.map(({ description }) => description),
      ['change Secret counter/redis', 'change ConfigMap counter/counter'],
    )
    for (const { script } of first.changes) t.match(run(script), { exitCode: 0, stderr: '' })
    t.same(look().changes, [])
    const calls = readFileSync(`${dir}/calls`, 'utf8')
    t.match(
      calls,
      '--kubeconfig /x/y z --context dev --request-timeout=60s diff --server-side --field-manager labbook --force-conflicts -f -',
    )
    t.match(
      calls,
      '--kubeconfig /x/y z --context dev apply --server-side --field-manager labbook --force-conflicts -f -',
    )
    const encoded = Buffer.from('hunter22-22').toString('base64')
    t.notMatch(calls, new RegExp(`hunter22|${encoded}`), 'no value of a Secret is an argument')
    t.match(readFileSync(`${dir}/read`, 'utf8'), encoded)
    t.match(readFileSync(`${dir}/read`, 'utf8'), '"LOG_LEVEL":"it\'s"')
  })

  t.test(`${shell.name}: one object is refused, and it is said which (a stand-in for kubectl)`, async (t) => {
    const dir = t.testdir({ kubectl: STAND_IN, refuses: readFileSync('test/fixtures/kubectl/conflicts.txt', 'utf8') })
    chmodSync(`${dir}/kubectl`, 0o755)
    const params = parse({ definition: config({}), context: 'dev' })
    const seen = runIn(shell, definition.probe(params, {}), { env: { PATH: `${dir}:${process.env.PATH}` } })
    t.match(definition.plan(params, seen, {}, {}).problem, /^ConfigMap counter\/counter: "kubectl-label" has set/)
    t.notOk(existsSync(`${dir}/applied`))
  })

  t.test(
    `${shell.name}: a rollout that does not come up is explained, the reason last (a stand-in for kubectl)`,
    async (t) => {
      const dir = t.testdir({ kubectl: STAND_IN, applied: '' })
      chmodSync(`${dir}/kubectl`, 0o755)
      const env = { env: { PATH: `${dir}:${process.env.PATH}` } }
      const params = parse({ definition: deployment, context: 'dev', wait: true, wait_timeout: 3 })
      const [wait] = definition.plan(params, runIn(shell, definition.probe(params, {}), env), {}, {}).changes
      t.equal(wait?.description, 'wait for Deployment counter/web (2 of 4 pods are available)')
      const { exitCode, stderr } = runIn(shell, wait?.script ?? '', env)
      t.equal(exitCode, 1)
      t.match(
        stderr,
        /web-2\|4\|CrashLoopBackOff\n[^]*== events of pod web-1\nFailed: not found\n[^]*no such table: orders\n/,
      )
      t.equal(
        stderr.trimEnd().split('\n').at(-1),
        'Deployment web did not come up within 3 s: pod web-1: ImagePullBackOff: Back-off pulling image "x"; the log of web-2 ends: no such table: orders',
      )
      t.match(readFileSync(`${dir}/calls`, 'utf8'), 'get pods --selector app=web --namespace counter')
    },
  )

  t.test(`${shell.name}: absent (a stand-in for kubectl)`, async (t) => {
    const dir = t.testdir({
      kubectl: `#!/bin/sh\necho "$*" >>"\${0%/*}/calls"\ncat >>"\${0%/*}/read"\ncase " $* " in *' get '*) [ -e "\${0%/*}/gone" ] || echo configmap/counter ;; *' delete '*) : >"\${0%/*}/gone" ;; esac\n`,
    })
    chmodSync(`${dir}/kubectl`, 0o755)
    const run = (script: string) => runIn(shell, script, { env: { PATH: `${dir}:${process.env.PATH}` } })
    const params = parse({ definition: [config({ a: 'b' }), deployment], context: 'dev', state: 'absent' })
    const look = () => definition.plan(params, run(definition.probe(params, {})), {}, {})
    const first = look()
    t.same(
      first.changes.map(({ description }) => description),
      ['remove ConfigMap counter/counter'],
    )
    for (const { script } of first.changes) t.match(run(script), { exitCode: 0, stderr: '' })
    t.same(look().changes, [])
  })

  t.test(`${shell.name}: no program`, async (t) => {
    const params = parse({ definition: deployment, kubectl: 'no-such-kubectl --' })
    t.match(definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {}).problem, /there is no kubectl/)
  })
}
