import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { k3s } from '../../../src/k3s/k3s.ts'
import { merged, renamed } from '../../../src/k3s/kubeconfig.ts'
import { look } from '../../../src/k3s/look.ts'
import { k3s_node } from '../../../src/k3s/node.ts'
import { compareVersions, parseVersion, stepRefused, type K3sVersion } from '../../../src/k3s/version.ts'
import { runIn, shells } from '../../support/shells.ts'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/k3s-install/${name}`, import.meta.url), 'utf8')
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
/** A machine on which all is in order, in the words of a real one where they come from programs. */
const inOrder = [
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
const without = (word: string): string[] => inOrder.filter((line) => !line.startsWith(word))
const changed = (word: string, line: string): string[] => [...without(word), line]

t.test('versions as k3s writes them', async (t) => {
  t.equal(version(fixture('version.txt')).text, 'v1.23.8+k3s1')
  t.equal(parseVersion('v1.23.8'), undefined)
  t.ok(compareVersions(version('v1.36.0-rc1+k3s1'), version('v1.36.0+k3s1')) < 0)
  t.ok(compareVersions(version('v1.9.0+k3s1'), version('v1.10.0+k3s1')) < 0)
  t.equal(stepRefused(version('v1.35.9+k3s1'), version('v1.36.4+k3s1')), undefined)
  t.match(stepRefused(version('v1.36.4+k3s2'), version('v1.36.4+k3s1')), /is older.*k3s\.mjs reset/)
  t.match(
    stepRefused(version('v1.34.1+k3s1'), version('v1.36.4+k3s1')),
    /2 minor versions newer.*release of v1\.35 first/,
  )
})

t.test('whatever goes up does not come down', async () => {
  const any = fc
    .tuple(fc.constant(1), fc.nat(40), fc.nat(20), fc.integer({ min: 1, max: 3 }))
    .map(([major, minor, patch, k3s]) => version(`v${major}.${minor}.${patch}+k3s${k3s}`))
  fc.assert(
    fc.property(any, any, (a, b) => {
      if (Math.sign(compareVersions(a, b)) !== -Math.sign(compareVersions(b, a))) return false
      return a.text === b.text
        ? stepRefused(a, b) === undefined
        : stepRefused(a, b) !== undefined || stepRefused(b, a) !== undefined
    }),
  )
})

t.test('the installer runs only where version, source or unit are others', async (t) => {
  t.strictSame(plan(inOrder), [])
  const installs = (lines: readonly string[], why: RegExp, params?: object): void => {
    t.match(plan(lines, params), [why, /^start k3s and wait until the node n1 is Ready$/])
  }
  installs(
    ['staged ' + BIN, 'script ' + SCRIPT, 'ActiveState=inactive', 'UnitFileState='],
    /^install k3s v1\.23\.8\+k3s1 as server: there is none yet$/,
  )
  installs(changed('binary', `binary ${OLD}`), /its binary is another one$/)
  installs(
    [...inOrder.filter((line) => !/^(binary|staged)/.test(line)), `binary ${OLD}`, `staged ${'d'.repeat(64)}`],
    /v1\.24\.0\+k3s1 as server: v1\.23\.8\+k3s1 is installed$/,
    { version: 'v1.24.0+k3s1', binary_sha256: 'd'.repeat(64) },
  )
  installs(changed('unit-server', `unit-server ${BIN}`), /its unit is not as the installer wrote it$/)
  installs(without('record'), /it was installed by someone else$/)
  installs(changed('record installer', `record installer ${OLD}`), /by another installer$/)
})

t.test('it is restarted only for what it reads at its start', async (t) => {
  t.match(plan(changed('now', `now ${BIN}  ${CONFIG}`)), [
    /^restart k3s .*: \/etc\/rancher\/k3s\/config\.yaml has changed$/,
  ])
  t.match(plan([...inOrder, `now ${BIN}  /etc/rancher/k3s/registries.yaml`]), [/registries\.yaml is new$/])
  t.match(plan(without('now')), [/config\.yaml is gone$/])
  t.match(plan(without('started')), [/nobody knows what it has read/])
  t.match(plan(changed('ActiveState', 'ActiveState=failed')), [/^start k3s/])
  t.match(plan(changed('UnitFileState', 'UnitFileState=disabled')), [/^enable k3s/])
})

t.test('what cannot be is a problem, in words', async (t) => {
  t.match(plan(inOrder, { version: 'v1.22.0+k3s1' }), /^k3s v1\.23\.8\+k3s1 is installed, and v1\.22\.0\+k3s1 is older/)
  t.match(plan([...inOrder, `unit-agent ${OLD}`]), /is a k3s agent already.*reset/)
  t.match(
    plan([...without('unit-server').filter((line) => !/^(binary|version|staged)/.test(line))]),
    /\/var\/lib\/labbook\/k3s\/k3s is not there/,
  )
  t.match(
    plan([...without('staged').filter((line) => !/^binary/.test(line)), `staged ${OLD}`]),
    /has the checksum c{64}, not a{64}/,
  )
})

t.test('reset finds its own traces, and those it shares only beside them', async (t) => {
  t.strictSame(plan(['shared /var/lib/kubelet'], { state: 'absent' }), [], 'the kubelet of another')
  t.strictSame(plan(['trace /usr/local/bin/k3s', 'shared /var/lib/kubelet'], { state: 'absent' }), [
    'remove k3s with all its data (/usr/local/bin/k3s, /var/lib/kubelet)',
  ])
})

t.test('the probe runs in every shell, on a machine without k3s', async (t) => {
  for (const shell of shells) {
    const { exitCode, stderr } = runIn(
      shell,
      look({ role: 'server', binary: '/nonexistent/k3s', installer: '/nonexistent/install.sh' }),
    )
    t.ok(exitCode === 0 || exitCode === 127, `${shell.name}: ${exitCode} ${stderr}`)
  }
})

t.test('labels and taints of a real node', async (t) => {
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
  t.strictSame(planFor({}), [], 'what others have set stays')
  t.match(planFor({ labels: { zone: 'a' }, taints: ['only=db:NoSchedule'] }), [
    'label n2: zone=a',
    'taint n2: only=db:NoSchedule',
    /^remember/,
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
    'remove the taint only=db:NoSchedule of n2',
    /^remember/,
  ])
  t.match(planFor({ labels: {}, taints: ['only=web:NoSchedule'] }, ours), [
    'taint n2: only=web:NoSchedule',
    'remove the label zone of n2',
    /^remember/,
  ])
})

t.test('a kubeconfig gets its own names and the address from outside', async (t) => {
  const text = renamed(fixture('k3s.yaml'), { context: 'lab', server: 'https://10.0.0.1:6443' })
  t.match(
    text,
    /server: https:\/\/10\.0\.0\.1:6443\n +name: lab\n[^]*cluster: lab\n +user: lab\n +name: lab\ncurrent-context: lab\n/,
  )
  t.notMatch(text, /default/)
  t.throws(() => renamed('- a list', { context: 'a', server: 'b' }), { name: 'SyntaxError' })
})

t.test('it is merged as one context among others, and taken out again', async (t) => {
  const one = renamed(fixture('k3s.yaml'), { context: 'lab', server: 'https://10.0.0.1:6443' })
  const others = `# mine\n${renamed(fixture('k3s.yaml'), { context: 'work', server: 'https://work.example' })}`
  const both = merged(others, 'lab', one)
  t.match(both, /^# mine\n[^]*https:\/\/work\.example[^]*https:\/\/10\.0\.0\.1:6443[^]*current-context: work/)
  t.equal(merged(both, 'lab', one), both, 'nothing is left to do')
  const moved = merged(both, 'lab', one.replace('10.0.0.1', '10.0.0.9'))
  t.ok(moved.includes('10.0.0.9') && !moved.includes('10.0.0.1:'))
  const gone = merged(both, 'lab', undefined)
  t.ok(!gone.includes('10.0.0.1') && gone.includes('work.example') && gone.startsWith('# mine'))
  t.match(merged('', 'lab', one), /current-context: lab/)
  t.throws(() => merged('clusters: [', 'lab', one), { message: /line \d+ is not YAML/ })
})
