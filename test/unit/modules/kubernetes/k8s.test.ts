import { chmodSync, existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { z } from 'zod'
import { k8s } from '../../../../src/modules/kubernetes/k8s.ts'
import { pendingReason, parseRollout } from '../../../../src/modules/kubernetes/rollout.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'

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

t.test('only objects that differ are changed', async (t) => {
  t.same(plan({ definition: config({ a: 'b' }) }, there()), {
    changes: [],
    values: { objects: [{ kind: 'ConfigMap', name: 'counter', namespace: 'counter' }] },
  })
  const [change] = plan({ definition: [config({}), config({}, 'other')] }, there(DIFF)).changes
  t.match(change, {
    description: 'update ConfigMap counter/counter',
    diff: { subject: 'ConfigMap counter/counter', before: /INFO/, after: /DEBUG/ },
  })
  t.match(change?.script, /apply --server-side --field-manager labbook\s+-f -/)
  t.notMatch(change?.script, /force/)
  t.same(descriptions({ definition: config({}, 'new.one') }, there(DIFF)), ['create ConfigMap counter/new.one'])
})

t.test('objects in a missing namespace are all new', async (t) => {
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

t.test('conflicts name the managers, their fields and the remedy', async (t) => {
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
    /^Deployment counter\/web: conflict: "kubectl" owns \.spec\.replicas\. .*force_conflicts: true.*"ours"/,
  )
  t.match(
    plan({ definition: [deployment, config({})] }, there(`lb:refused 0\n${said('conflicts.txt')}\n`)).problem,
    /^ConfigMap counter\/counter: conflict: "kubectl-label" owns .*; "somebody" owns \.data\.LOG_LEVEL, \.data\.REDIS_HOST/,
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

t.test('a failed query is an error with a remedy', async (t) => {
  t.match(plan({ definition: deployment }, '', { exitCode: 94 }).problem, /neither kubectl nor k3s/)
  t.match(
    plan({ definition: deployment }, '', {
      exitCode: 95,
      stderr:
        'E1121 10:00 x] noise\nThe connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n',
    }).problem,
    /does not respond: The connection .*6443 was refused/,
  )
  t.match(plan({ definition: 'kind: X\n' }, '').problem, 'definition: an object has no apiVersion')
  t.match(plan({ definition: [] }, '').problem, /contain no objects/)
  t.throws(() => parse({}), /set template, src or definition/)
  t.throws(() => parse({ definition: deployment, prune: true }), /label_selectors/)
  t.throws(() => parse({ definition: deployment, apply: false } as never), /always applied/)
})

t.test('prune deletes labelled objects that are not in the manifests', async (t) => {
  const params: Input = { definition: config({}), prune: true, label_selectors: ['app.kubernetes.io/part-of=counter'] }
  const found = there(
    'lb:there v1 ConfigMap counter counter\nlb:there v1 ConfigMap counter old\nlb:there autoscaling/v1 HorizontalPodAutoscaler counter web\n',
  )
  t.same(descriptions(params, found), [
    'prune HorizontalPodAutoscaler counter/web: not in the manifests',
    'prune ConfigMap counter/old: not in the manifests',
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
    ['prune', 'create', 'create', 'wait', 'prune'],
    'an autoscaler goes before the number of pods that it would undo, the rest when all is well',
  )
  t.match(plan({ ...params, label_selectors: ['a=b'] }, there()).problem, /lacks the label a=b/)
  t.notMatch(definition.schema.parse(params).prune_kinds, /PersistentVolumeClaim|Namespace/)
})

t.test('wait waits for objects that differ and for incomplete rollouts', async (t) => {
  const params: Input = { definition: deployment, wait: true, wait_timeout: 9 }
  t.same(descriptions(params, there('lb:rollout 0 1|1|4|4|4|4|4\n')), [])
  t.same(descriptions(params, there('lb:rollout 0 1|1|4|4|4|2|2\n')), [
    'wait for rollout of Deployment counter/web (2 of 4 pods available)',
  ])
  t.same(descriptions(params, 'lb:namespace \n'), [
    'create Deployment counter/web',
    'wait for rollout of Deployment counter/web',
  ])
  t.same(descriptions({ definition: deployment }, there('')), [], 'only with wait')
})

t.test('missingOf describes an incomplete rollout', async (t) => {
  const missing = (kind: string, line: string) => pendingReason(kind, parseRollout(line))
  t.equal(missing('Deployment', '2|1|4|4|4|4|4'), 'spec update not observed yet')
  t.equal(missing('Deployment', '2|2|4|1|5|4|4'), '1 of 4 pods updated')
  t.equal(missing('Deployment', '2|2|4|4|5|5|5'), '1 old pods pending termination')
  t.equal(missing('Deployment', '2|2|4|4|4|3|'), '0 of 4 pods available')
  t.equal(missing('Deployment', '2|2|0||||'), undefined)
  t.equal(missing('StatefulSet', '1|1|3|3|3|3|3|a|a'), undefined)
  t.equal(missing('StatefulSet', '1|1|3|1|3|3|3|a|b'), '1 of 3 pods updated')
  t.equal(missing('StatefulSet', '1|1|3||||'), '0 of 3 pods ready')
  t.equal(missing('DaemonSet', '1|1|2|2|2|2|2'), undefined)
  t.equal(missing('DaemonSet', '1|1|2|2|2|2|1'), '1 of 2 pods available')
})

t.test('objects that may change the host set anything', async (t) => {
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

/** A stand-in for kubectl: records its arguments and input, and prints output recorded from a real one. */
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
  t.test(`${shell.name}: k8s calls kubectl as expected (a stand-in for it)`, async (t) => {
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
      ['update Secret counter/redis', 'update ConfigMap counter/counter'],
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

  t.test(`${shell.name}: a rejected object is named (a stand-in for kubectl)`, async (t) => {
    const dir = t.testdir({ kubectl: STAND_IN, refuses: readFileSync('test/fixtures/kubectl/conflicts.txt', 'utf8') })
    chmodSync(`${dir}/kubectl`, 0o755)
    const params = parse({ definition: config({}), context: 'dev' })
    const seen = runIn(shell, definition.probe(params, {}), { env: { PATH: `${dir}:${process.env.PATH}` } })
    t.match(
      definition.plan(params, seen, {}, {}).problem,
      /^ConfigMap counter\/counter: conflict: "kubectl-label" owns/,
    )
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
      t.equal(wait?.description, 'wait for rollout of Deployment counter/web (2 of 4 pods available)')
      const { exitCode, stderr } = runIn(shell, wait?.script ?? '', env)
      t.equal(exitCode, 1)
      t.match(
        stderr,
        /web-2\|4\|CrashLoopBackOff\n[^]*== events of pod web-1\nFailed: not found\n[^]*no such table: orders\n/,
      )
      t.equal(
        stderr.trimEnd().split('\n').at(-1),
        'Deployment web not ready after 3 s: pod web-1: ImagePullBackOff: Back-off pulling image "x"; last log line of web-2: no such table: orders',
      )
      t.match(readFileSync(`${dir}/calls`, 'utf8'), 'get pods --selector app=web --namespace counter')
    },
  )

  t.test(`${shell.name}: absent deletes objects (a stand-in for kubectl)`, async (t) => {
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
      ['delete ConfigMap counter/counter'],
    )
    for (const { script } of first.changes) t.match(run(script), { exitCode: 0, stderr: '' })
    t.same(look().changes, [])
  })

  t.test(`${shell.name}: a host without kubectl is reported`, async (t) => {
    const params = parse({ definition: deployment, kubectl: 'no-such-kubectl --' })
    t.match(
      definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {}).problem,
      /neither kubectl nor k3s/,
    )
  })
}
