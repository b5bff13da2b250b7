import { chmodSync, existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { z } from 'zod'
import { k8s } from '../../../../src/modules/kubernetes/k8s.ts'
import { config, deployment, DIFF } from './objects.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'

const { definition } = k8s

type Input = z.input<typeof definition.schema>

const parse = (params: Input) => definition.schema.parse(params)

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
  t.test(`${shell.name}: k8s calls kubectl as expected (a stand-in for kubectl)`, async (t) => {
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
    for (const { script, description } of first.changes) t.match(run(script), { exitCode: 0, stderr: '' }, description)
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

  t.test(`${shell.name}: k8s names a rejected object (a stand-in for kubectl)`, async (t) => {
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
    `${shell.name}: k8s explains an incomplete rollout, with the reason last (a stand-in for kubectl)`,
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

  t.test(`${shell.name}: k8s with state absent deletes objects (a stand-in for kubectl)`, async (t) => {
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
    for (const { script, description } of first.changes) t.match(run(script), { exitCode: 0, stderr: '' }, description)
    t.same(look().changes, [])
  })

  t.test(`${shell.name}: k8s reports a host without kubectl`, async (t) => {
    const params = parse({ definition: deployment, kubectl: 'no-such-kubectl --' })
    t.match(
      definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {}).problem,
      /neither kubectl nor k3s/,
    )
  })
}
