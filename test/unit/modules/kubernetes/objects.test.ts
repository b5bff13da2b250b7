import fc from 'fast-check'
import t from 'tap'
import {
  diffName,
  keyOf,
  ManifestError,
  nameOf,
  objectsIn,
  prepareObjects,
  readManifests,
  resourceOf,
  displayYaml,
  type KubeObject,
} from '../../../../src/modules/kubernetes/objects.ts'
import { secretsSince, Secret } from '../../../../src/values/secret.ts'

const object = (kind: string, name: string, more: object = {}, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
})

t.test('readManifests() reads documents, lists, comments and empty documents', async (t) => {
  const text =
    '# a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n- {apiVersion: v1, kind: Pod, metadata: {name: c}}\n'
  t.same(readManifests(text, 'x').map(nameOf), ['ConfigMap a', 'Secret b', 'Pod c'])
  t.same(readManifests('', 'x'), [])
})

t.test('readManifests() parses YAML as Kubernetes does', async (t) => {
  const [one] = readManifests(
    'apiVersion: v1\nkind: X\nmetadata: {name: a}\nmode: 0644\ntext: "0644"\nflag: yes\nbase: &b {x: 1}\nuse: {<<: *b, z: 2}\n',
    'x',
  )
  t.match(one, { mode: 420, text: '0644', flag: true, use: { x: 1, z: 2 } })
})

t.test('manifest errors name the file', async (t) => {
  t.throws(() => readManifests('a: [', 'app.yaml'), new ManifestError(), 'text that is no YAML')
  t.throws(() => readManifests('a: [', 'app.yaml'), { message: /^app\.yaml: .*line 1/ })
  t.throws(() => readManifests('kind: Pod\n', 'app.yaml'), { message: 'app.yaml: an object has no apiVersion' })
  t.throws(() => readManifests('apiVersion: v1\n', 'app.yaml'), { message: 'app.yaml: an object has no kind' })
  t.throws(() => readManifests('apiVersion: v1\nkind: Pod\nmetadata: {generateName: a}\n', 'app.yaml'), {
    message: /^app\.yaml: a Pod has no metadata\.name/,
  })
  t.throws(() => readManifests('just text\n', 'app.yaml'), { message: 'app.yaml: expected an object, got text' })
  t.throws(() => prepareObjects([object('Pod', 'a'), object('Pod', 'a')], undefined), {
    message: 'Pod a is defined twice: remove one',
  })
  t.throws(() => prepareObjects([object('Pod', 'a'), object('Pod', 'a', { spec: 1 })], 'x'), {
    message: 'Pod x/a is defined twice with different content: remove one',
  })
})

t.test('the namespace is set on namespaced objects without one', async (t) => {
  const own = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c', namespace: 'other' } }
  t.same(
    prepareObjects([object('Namespace', 'a'), object('Pod', 'b'), own, object('ClusterIssuer', 'd')], 'here').map(
      nameOf,
    ),
    ['Namespace a', 'Pod here/b', 'Pod other/c', 'ClusterIssuer d'],
  )
})

t.test('dependencies come first, whatever the order of the manifests', async (t) => {
  const kinds = [
    'Namespace',
    'CustomResourceDefinition',
    'Secret',
    'ConfigMap',
    'PersistentVolumeClaim',
    'Service',
    'StatefulSet',
    'Deployment',
    'HorizontalPodAutoscaler',
    'Ingress',
    'SomethingElse',
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(kinds), (given) => {
      const sorted = prepareObjects(
        given.map((kind) => object(kind, 'a')),
        undefined,
      ).map(({ kind }) => kind)
      t.strictSame(
        sorted,
        kinds.filter((kind) => given.includes(kind)),
      )
    }),
    { numRuns: 50 },
  )
})

t.test('objects are named as by kubectl', async (t) => {
  const deployment = object('Deployment', 'web', { metadata: { name: 'web', namespace: 'a' } }, 'apps/v1')
  t.same(
    [diffName(deployment), resourceOf(deployment), keyOf(deployment)],
    ['apps.v1.Deployment.a.web', 'deployment.apps/web', 'apps|Deployment|a|web'],
  )
  t.same([diffName(object('Namespace', 'a')), resourceOf(object('Namespace', 'a'))], ['v1.Namespace..a', 'namespace/a'])
})

t.test('secrets are revealed in objects and masked from then on', async (t) => {
  const [given] = objectsIn(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: new Secret('opened-1') } },
    'x',
  )
  t.match(given, { data: { x: 'opened-1' } })
  const [sent] = prepareObjects(
    [
      object('Secret', 'a', {
        stringData: { p: 'only-in-a-manifest' },
        data: { q: Buffer.from('encoded-elsewhere').toString('base64'), r: 'c2hvcnQ=' },
      }),
    ],
    undefined,
  )
  t.same(sent?.data, {
    p: Buffer.from('only-in-a-manifest').toString('base64'),
    q: Buffer.from('encoded-elsewhere').toString('base64'),
    r: 'c2hvcnQ=',
  })
  t.equal(sent?.stringData, undefined, 'masked values are not sent to the server')
  for (const text of ['only-in-a-manifest', 'encoded-elsewhere']) t.ok(secretsSince(0).includes(text), text)
  t.notOk(secretsSince(0).includes('short'), 'a value that also occurs elsewhere is masked there too')
})

t.test('shown() omits server-managed fields and masks values of Secrets', async (t) => {
  const live = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'a',
      uid: 'u',
      managedFields: [],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"x":"hunter22"}' },
    },
    data: { p: 'aHVudGVyMjI=', q: 'eA==' },
    status: {},
  }
  const text = displayYaml(live, { ...live, data: { p: 'b3RoZXI=', q: 'eA==' } })
  t.equal(text, 'apiVersion: v1\ndata:\n  p: "*** (another value)"\n  q: "***"\nkind: Secret\nmetadata:\n  name: a\n')
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[A-Z0-9]{6,20}$/)), (data) => {
      const all = displayYaml({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data, stringData: data })
      return Object.values(data).every((value) => !all.includes(value))
    }),
  )
})
