import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { k3s } from '../../../../src/modules/k3s/k3s.ts'
import { mergeContext, renameContext } from '../../../../src/modules/k3s/kubeconfig.ts'
import { stateScript } from '../../../../src/modules/k3s/state.ts'
import { k3s_node } from '../../../../src/modules/k3s/node.ts'
import { compareVersions, parseVersion, upgradeError, type K3sVersion } from '../../../../src/modules/k3s/version.ts'
import { runIn, shells } from '../../../support/shells.ts'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/k3s-install/${name}`, import.meta.url), 'utf8')
const version = (text: string): K3sVersion => parseVersion(text) as K3sVersion
const [BIN, SCRIPT, OLD] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)]
const wanted = {
  role: 'server' as const,
  version: 'v1.23.8+k3s1',
  binary: '/var/lib/labbook/k3s/k3s',
  binary_sha256: BIN,
  installer: '/var/lib/labbook/k3s/install.sh',
  installer_sha256: SCRIPT,
  node_name: 'n1',
}
const CONFIG = '/etc/rancher/k3s/config.yaml'
/** The state of a machine that needs no change, with recorded output of programs. */
const unchanged = [
  `binary ${BIN}`,
  `version ${fixture('version.txt').split('\n')[0]}`,
  `staged ${BIN}`,
  `script ${SCRIPT}`,
  `unit-server ${OLD}`,
  `record installer ${SCRIPT}`,
  `record unit ${OLD}`,
  ...fixture('systemctl-show-k3s.txt')
    .split('\n')
    .filter((line) => /^(ActiveState|UnitFileState)=/.test(line)),
  `started ${OLD}  ${CONFIG}`,
  'started-known',
  `now ${OLD}  ${CONFIG}`,
]
const plan = (lines: readonly string[], params: object = {}) => {
  const { changes, problem } = k3s.definition.plan(
    k3s.definition.schema.parse({ ...wanted, ...params }),
    { stdout: lines.join('\n'), stderr: '', exitCode: 0 },
    {},
    {},
  )
  return problem ?? changes.map(({ description }) => description)
}
const without = (key: string): string[] => unchanged.filter((line) => !line.startsWith(key))
const changed = (key: string, line: string): string[] => [...without(key), line]

t.test('parseVersion() reads versions of k3s', async (t) => {
  t.equal(version(fixture('version.txt')).text, 'v1.23.8+k3s1')
  t.equal(parseVersion('v1.23.8'), undefined)
  t.ok(compareVersions(version('v1.36.0-rc1+k3s1'), version('v1.36.0+k3s1')) < 0)
  t.ok(compareVersions(version('v1.9.0+k3s1'), version('v1.10.0+k3s1')) < 0)
  t.equal(upgradeError(version('v1.35.9+k3s1'), version('v1.36.4+k3s1')), undefined)
  t.match(upgradeError(version('v1.36.4+k3s2'), version('v1.36.4+k3s1')), /cannot downgrade.*k3s\.mjs reset/)
  t.match(
    upgradeError(version('v1.34.1+k3s1'), version('v1.36.4+k3s1')),
    /2 minor versions newer.*release of v1\.35 first/,
  )
})

t.test('stepRefused() allows a step in one direction only', async () => {
  const any = fc
    .tuple(fc.constant(1), fc.nat(40), fc.nat(20), fc.integer({ min: 1, max: 3 }))
    .map(([major, minor, patch, k3s]) => version(`v${major}.${minor}.${patch}+k3s${k3s}`))
  fc.assert(
    fc.property(any, any, (a, b) => {
      if (Math.sign(compareVersions(a, b)) !== -Math.sign(compareVersions(b, a))) return false
      return a.text === b.text
        ? upgradeError(a, b) === undefined
        : upgradeError(a, b) !== undefined || upgradeError(b, a) !== undefined
    }),
  )
})

t.test('k3s runs the installer only if version, source or unit differ', async (t) => {
  t.strictSame(plan(unchanged), [])
  const installs = (lines: readonly string[], why: RegExp, params?: object): void => {
    t.match(plan(lines, params), [why, /^start k3s and wait for node n1 to be Ready$/])
  }
  installs(
    ['staged ' + BIN, 'script ' + SCRIPT, 'ActiveState=inactive', 'UnitFileState='],
    /^install k3s v1\.23\.8\+k3s1 as server: not installed$/,
  )
  installs(changed('binary', `binary ${OLD}`), /its binary differs$/)
  installs(
    [...unchanged.filter((line) => !/^(binary|staged)/.test(line)), `binary ${OLD}`, `staged ${'d'.repeat(64)}`],
    /v1\.24\.0\+k3s1 as server: v1\.23\.8\+k3s1 is installed$/,
    { version: 'v1.24.0+k3s1', binary_sha256: 'd'.repeat(64) },
  )
  installs(changed('unit-server', `unit-server ${BIN}`), /its unit was modified$/)
  installs(without('record'), /not installed by Labbook$/)
  installs(changed('record installer', `record installer ${OLD}`), /the installer differs$/)
})

t.test('k3s restarts only if a file that it reads at start has changed', async (t) => {
  t.match(plan(changed('now', `now ${BIN}  ${CONFIG}`)), [
    /^restart k3s .*: \/etc\/rancher\/k3s\/config\.yaml has changed$/,
  ])
  t.match(plan([...unchanged, `now ${BIN}  /etc/rancher/k3s/registries.yaml`]), [/registries\.yaml is new$/])
  t.match(plan(without('now')), [/config\.yaml was removed$/])
  t.match(plan(without('started')), [/the files it read at start are unknown/])
  t.match(plan(changed('ActiveState', 'ActiveState=failed')), [/^start k3s/])
  t.match(plan(changed('UnitFileState', 'UnitFileState=disabled')), [/^enable k3s/])
})

t.test('k3s reports why a change is impossible', async (t) => {
  t.match(plan(unchanged, { version: 'v1.22.0+k3s1' }), /^cannot downgrade k3s v1\.23\.8\+k3s1 to v1\.22\.0\+k3s1/)
  t.match(plan([...unchanged, `unit-agent ${OLD}`]), /is already a k3s agent.*reset/)
  t.match(
    plan([...without('unit-server').filter((line) => !/^(binary|version|staged)/.test(line))]),
    /"\/var\/lib\/labbook\/k3s\/k3s" is missing/,
  )
  t.match(
    plan([...without('staged').filter((line) => !/^binary/.test(line)), `staged ${OLD}`]),
    /has checksum c{64}, expected a{64}/,
  )
})

t.test('state absent removes shared paths only beside paths of k3s', async (t) => {
  t.strictSame(plan(['shared /var/lib/kubelet'], { state: 'absent' }), [], 'the kubelet of another program')
  t.strictSame(plan(['trace /usr/local/bin/k3s', 'shared /var/lib/kubelet'], { state: 'absent' }), [
    'remove k3s with all its data (/usr/local/bin/k3s, /var/lib/kubelet)',
  ])
})

t.test('the probe of k3s runs in every shell', async (t) => {
  for (const shell of shells) {
    const { exitCode, stderr } = runIn(
      shell,
      stateScript({ role: 'server', binary: '/nonexistent/k3s', installer: '/nonexistent/install.sh' }),
    )
    t.ok(exitCode === 0 || exitCode === 127, `${shell.name}: ${exitCode} ${stderr}`)
  }
})

t.test('k3s_node changes only its own labels and taints', async (t) => {
  const nodes = (
    JSON.parse(fixture('nodes.json')) as {
      items: {
        metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> }
        spec: object
      }[]
    }
  ).items
  const node = nodes.find(({ metadata }) => metadata.name === 'n2')
  t.ok(node)
  if (node === undefined) return
  const planFor = (params: object, of: object = node) => {
    const { changes, problem } = k3s_node.definition.plan(
      k3s_node.definition.schema.parse({ name: 'n2', ...params }),
      { stdout: JSON.stringify(of), stderr: '', exitCode: 0 },
      {},
      {},
    )
    return problem ?? changes.map(({ description }) => description)
  }
  t.strictSame(planFor({}), [], 'labels of others stay')
  t.match(planFor({ labels: { zone: 'a' }, taints: ['only=db:NoSchedule'] }), [
    'label n2: zone=a',
    'taint n2: only=db:NoSchedule',
    /^record/,
  ])
  const ours = {
    metadata: {
      ...node.metadata,
      labels: { ...node.metadata.labels, zone: 'a' },
      annotations: { ...node.metadata.annotations, 'labbook.node/keys': 'only:NoSchedule zone' },
    },
    spec: { taints: [{ key: 'only', value: 'db', effect: 'NoSchedule' }] },
  }
  t.strictSame(planFor({ labels: { zone: 'a' }, taints: ['only=db:NoSchedule'] }, ours), [])
  t.match(planFor({ labels: { zone: 'b' }, taints: [] }, ours), [
    'label n2: zone=b',
    'remove taint only=db:NoSchedule from n2',
    /^record/,
  ])
  t.match(planFor({ labels: {}, taints: ['only=web:NoSchedule'] }, ours), [
    'taint n2: only=web:NoSchedule',
    'remove label zone from n2',
    /^record/,
  ])
})

t.test('renamed() sets the names and the external address of a kubeconfig', async (t) => {
  const text = renameContext(fixture('k3s.yaml'), { context: 'lab', server: 'https://10.0.0.1:6443' })
  t.match(
    text,
    /server: https:\/\/10\.0\.0\.1:6443\n +name: lab\n[^]*cluster: lab\n +user: lab\n +name: lab\ncurrent-context: lab\n/,
  )
  t.notMatch(text, /default/)
  t.throws(() => renameContext('- a list', { context: 'a', server: 'b' }), { name: 'SyntaxError' })
})

t.test('merged() adds, replaces and removes one context', async (t) => {
  const one = renameContext(fixture('k3s.yaml'), { context: 'lab', server: 'https://10.0.0.1:6443' })
  const others = `# mine\n${renameContext(fixture('k3s.yaml'), { context: 'work', server: 'https://work.example' })}`
  const both = mergeContext(others, 'lab', one)
  t.match(both, /^# mine\n[^]*https:\/\/work\.example[^]*https:\/\/10\.0\.0\.1:6443[^]*current-context: work/)
  t.equal(mergeContext(both, 'lab', one), both, 'idempotent')
  const moved = mergeContext(both, 'lab', one.replace('10.0.0.1', '10.0.0.9'))
  t.ok(moved.includes('10.0.0.9') && !moved.includes('10.0.0.1:'))
  const removed = mergeContext(both, 'lab', undefined)
  t.ok(!removed.includes('10.0.0.1') && removed.includes('work.example') && removed.startsWith('# mine'))
  t.match(mergeContext('', 'lab', one), /current-context: lab/)
  t.throws(() => mergeContext('clusters: [', 'lab', one), { message: /line \d+ is not YAML/ })
})
