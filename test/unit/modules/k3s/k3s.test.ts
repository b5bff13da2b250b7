import { readFileSync } from 'node:fs'
import t from 'tap'
import { k3s } from '../../../../src/modules/k3s/k3s.ts'
import { stateScript } from '../../../../src/modules/k3s/state.ts'
import { runIn, shells } from '../../../support/shells.ts'

const recorded = readFileSync(new URL('../../../fixtures/k3s-1.35/show-k3s.txt', import.meta.url), 'utf8').split('\n')

const [BIN, SCRIPT, OLD] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)]

const wanted = {
  role: 'server' as const,
  version: 'v1.35.0+k3s1',
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
  `version ${recorded[0]}`,
  `staged ${BIN}`,
  `script ${SCRIPT}`,
  `unit-server ${OLD}`,
  `record installer ${SCRIPT}`,
  `record unit ${OLD}`,
  ...recorded.filter((line) => /^(ActiveState|UnitFileState)=/.test(line)),
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

t.test('k3s runs the installer only if version, source or unit differ', async (t) => {
  t.strictSame(plan(unchanged), [])
  const installs = (lines: readonly string[], why: RegExp, params?: object): void => {
    t.match(plan(lines, params), [why, /^start k3s and wait for node n1 to be Ready$/])
  }
  installs(
    ['staged ' + BIN, 'script ' + SCRIPT, 'ActiveState=inactive', 'UnitFileState='],
    /^install k3s v1\.35\.0\+k3s1 as server: not installed$/,
  )
  installs(changed('binary', `binary ${OLD}`), /its binary differs$/)
  installs(
    [...unchanged.filter((line) => !/^(binary|staged)/.test(line)), `binary ${OLD}`, `staged ${'d'.repeat(64)}`],
    /v1\.36\.0\+k3s1 as server: v1\.35\.0\+k3s1 is installed$/,
    { version: 'v1.36.0+k3s1', binary_sha256: 'd'.repeat(64) },
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
  const dropIn = `${OLD}  /var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/labbook.toml`
  const withDropIn = [...unchanged, `started ${dropIn}`, `now ${dropIn}`]
  t.strictSame(plan([...withDropIn, 'containerd-imports yes']), [])
  t.match(plan([...withDropIn, 'containerd-imports no']), [/^restart k3s .*: containerd does not import its drop-ins$/])
  t.strictSame(plan([...unchanged, 'containerd-imports no']), [], 'without drop-ins, there is nothing to import')
  t.match(plan(without('started')), [/the files it read at start are unknown/])
  t.match(plan(changed('ActiveState', 'ActiveState=failed')), [/^start k3s/])
  t.match(plan(changed('UnitFileState', 'UnitFileState=disabled')), [/^enable k3s/])
})

t.test('k3s reports why a change is impossible', async (t) => {
  t.match(plan(unchanged, { version: 'v1.34.0+k3s1' }), /^cannot downgrade k3s v1\.35\.0\+k3s1 to v1\.34\.0\+k3s1/)
  t.match(plan([...unchanged, `unit-agent ${OLD}`]), /is already a k3s agent: remove k3s from it first$/)
  t.match(
    plan([...without('unit-server').filter((line) => !/^(binary|version|staged)/.test(line))]),
    /"\/var\/lib\/labbook\/k3s\/k3s" is missing/,
  )
  t.match(
    plan([...without('staged').filter((line) => !/^binary/.test(line)), `staged ${OLD}`]),
    /has checksum c{64}, expected a{64}/,
  )
})

t.test('state absent of k3s removes shared paths only beside paths of k3s', async (t) => {
  t.strictSame(plan(['shared /var/lib/kubelet'], { state: 'absent' }), [], 'the directory of another kubelet is kept')
  t.strictSame(plan(['trace /usr/local/bin/k3s', 'shared /var/lib/kubelet'], { state: 'absent' }), [
    'remove k3s with all its data (/usr/local/bin/k3s, /var/lib/kubelet)',
  ])
})

for (const shell of shells) {
  t.test(`${shell.name}: the probe of k3s runs`, async (t) => {
    const { exitCode, stderr } = runIn(
      shell,
      stateScript({ role: 'server', binary: '/nonexistent/k3s', installer: '/nonexistent/install.sh' }),
    )
    t.ok(exitCode === 0 || exitCode === 127, `exit code ${exitCode}: ${stderr}`)
  })
}
