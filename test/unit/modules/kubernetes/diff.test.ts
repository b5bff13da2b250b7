import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseConflicts, diffOf, differenceOf, parseDiffs } from '../../../../src/modules/kubernetes/diff.ts'
import { MASK_SECRETS } from '../../../../src/modules/kubernetes/kubectl.ts'
import { runIn, shells } from '../../../support/shells.ts'

const recorded = (name: string): string => readFileSync(`test/fixtures/${name}`, 'utf8')
const object = (kind: string, name: string, namespace?: string) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
})

t.test('parseDiffs() parses a diff with full context', async (t) => {
  const diffs = parseDiffs(recorded('kubectl/diff-whole.txt'))
  t.same(
    diffs.map(({ name }) => name),
    [
      'v1.ConfigMap.counter.counter',
      'v1.ConfigMap.counter.new.one',
      'v1.Namespace..counter',
      'v1.Secret.counter.redis',
    ],
  )
  const [changed, made, namespace, secret] = diffs.map(differenceOf)
  t.match(changed, { before: /LOG_LEVEL: INFO\n/, after: /LOG_LEVEL: DEBUG\n[^]*part-of: counter/ })
  t.notMatch(changed?.after, /resourceVersion|uid|creationTimestamp/)
  t.equal(made?.before, '')
  t.match(made?.after, /a: \|\n +- b\n/)
  t.match(namespace, { before: /enforce: restricted/, after: /x: y/ })
  t.match(secret, {
    before: /password: "\*\*\* \(before\)"/,
    after: /more: "\*\*\*"\n {2}password: "\*\*\* \(after\)"/,
  })
})

t.test('diffOf() finds the diff of an object, also in the default namespace', async (t) => {
  const diffs = parseDiffs(recorded('kubectl/diff-whole.txt'))
  t.equal(diffOf(object('ConfigMap', 'new.one', 'counter'), diffs)?.live, '')
  t.match(diffOf(object('Namespace', 'counter'), diffs)?.live, /kind: Namespace/)
  t.match(diffOf(object('ConfigMap', 'counter'), diffs)?.live, /kind: ConfigMap/)
  t.equal(diffOf(object('ConfigMap', 'one'), diffs), undefined, 'a part of a name is not the name')
  t.equal(diffOf(object('ConfigMap', 'counter', 'elsewhere'), diffs), undefined)
})

t.test('differenceOf() ignores managedFields in diffs of k3s 1.23', async (t) => {
  const diffs = parseDiffs(recorded('k3s/diff.txt'))
  t.same(
    diffs.map(({ name }) => name),
    ['v1.ConfigMap.default.web', 'v1.Service.default.newsvc'],
  )
  const made = differenceOf(diffs[1] as (typeof diffs)[number])
  t.equal(made?.before, '')
  t.match(made?.after, /kind: Service[^]*targetPort: 8080/)
  t.notMatch(made?.after, /managedFields|uid:|status/)
  const same = {
    name: 'x',
    live: 'apiVersion: v1\nkind: X\nmetadata: {name: a, generation: 1}\n',
    merged: 'apiVersion: v1\nkind: X\nmetadata: {name: a, generation: 2, managedFields: [1]}\n',
  }
  t.equal(differenceOf(same), undefined)
})

t.test('parseConflicts() parses managers and fields', async (t) => {
  t.same(parseConflicts(recorded('kubectl/conflict-scale.txt')), [{ manager: 'kubectl', fields: ['.spec.replicas'] }])
  t.same(parseConflicts(recorded('kubectl/conflicts.txt')), [
    { manager: 'kubectl-label', fields: ['.metadata.labels.app.kubernetes.io/name'] },
    { manager: 'somebody', fields: ['.data.LOG_LEVEL', '.data.REDIS_HOST'] },
  ])
  t.same(parseConflicts(recorded('k3s/apply-bad.txt.err')), [])
})

for (const shell of shells) {
  t.test(
    `${shell.name}: values of Secrets are hidden where kubectl (1.20) does not hide them, and all else stays`,
    async (t) => {
      const text = recorded('kubectl/diff-whole-1.20.txt')
      const { stdout, stderr } = runIn(shell, `${MASK_SECRETS}\nlb_mask <test/fixtures/kubectl/diff-whole-1.20.txt`)
      t.equal(stderr, '')
      for (const value of ['aHVudGVyMzNodW50ZXIzMw==', 'c2VjcmV0LW5vLW1vcmU=', 'YQ=='])
        t.ok(text.includes(value) && !stdout.includes(value), value)
      const [before, after] = [parseDiffs(text), parseDiffs(stdout)]
      t.same(
        after.filter(({ name }) => !name.includes('Secret')),
        before.filter(({ name }) => !name.includes('Secret')),
      )
      t.match(differenceOf(after.find(({ name }) => name.includes('Secret')) as (typeof after)[number]), {
        before: /\*\*\* \(before\)/,
        after: /more: "\*\*\* \(after\)"/,
      })
    },
  )
  t.test(`${shell.name}: a Secret's annotation of client-side apply is masked, too`, async (t) => {
    const { stdout } = runIn(
      shell,
      `${MASK_SECRETS}\nprintf '%s\\n' 'diff -N /tmp/a/v1.Secret.a.b /tmp/b/v1.Secret.a.b' '       {"apiVersion":"v1","data":{"p":"aHVudGVyMg=="},"kind":"Secret"}' | lb_mask`,
    )
    t.notMatch(stdout, /aHVu/)
  })
}
