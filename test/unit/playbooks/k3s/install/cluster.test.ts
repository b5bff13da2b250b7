import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { plannedCluster, describeCluster, kubeletLabels } from '../../../../../playbooks/k3s/install/cluster.ts'
import { extraConfig } from '../../../../../playbooks/k3s/install/nodes.ts'
import { firstServer } from '../../../../../playbooks/k3s/install/nodes.ts'
import { flattenTasks, type PlayContext } from '../../../../../src/playbook/play.ts'
import type { Reference, Scope } from '../../../../../src/values/reference.ts'
import {
  preflightProblems,
  machineSettings,
  MACHINE_SCRIPT,
  parseMachineFacts,
  type MachineFacts,
} from '../../../../../playbooks/k3s/install/machine.ts'
import { artifactsIn, DEFAULT_VERSION, parseChecksums, k3sSource } from '../../../../../playbooks/k3s/install/source.ts'
import { render } from '../../../../../src/modules/support/render.ts'
import { runIn, shells } from '../../../../support/shells.ts'

type Vars = Record<string, unknown>
const inventory = (servers: Record<string, Vars>, agents: Record<string, Vars> = {}) => ({
  groups: { k3s_servers: Object.keys(servers), k3s_agents: Object.keys(agents) },
  hostvars: (host: string): Vars => ({ ...servers, ...agents })[host] ?? {},
})

t.test('plannedCluster() reads the inventory', async (t) => {
  const cluster = plannedCluster(
    inventory(
      { Node1: { ansible_host: '10.0.0.1', k3s_labels: { zone: 'a', 'node-role.kubernetes.io/db': '' } } },
      { node2: { ansible_host: 'two.example', k3s_taints: ['only=db:NoSchedule'] } },
    ),
  )
  t.match(cluster.nodes, [
    { name: 'node1', role: 'server', ip: '10.0.0.1', taints: [] },
    { name: 'node2', role: 'agent', address: 'two.example', ip: undefined, taints: ['only=db:NoSchedule'] },
  ])
  t.strictSame(kubeletLabels(cluster.first), ['zone=a'], 'a node may not set Kubernetes labels itself')
  t.match(
    describeCluster(cluster),
    /^API: https:\/\/10\.0\.0\.1:6443; datastore: SQLite[^]*node2 \(two\.example\): agent, only=db:NoSchedule$/,
  )
  t.match(
    plannedCluster(
      inventory(
        { a: { ansible_host: '127.0.0.1', lab_address: '10.77.0.11' } },
        { b: { ansible_host: '127.0.0.1', lab_address: '10.77.0.12' } },
      ),
    ).nodes,
    [
      { address: '10.77.0.11', ip: '10.77.0.11' },
      { address: '10.77.0.12', ip: '10.77.0.12' },
    ],
    'machines behind forwarded ports have other internal addresses',
  )
  t.equal(plannedCluster(inventory({ a: { k3s_api_address: 'api.example' } })).api, 'api.example')
})

t.test('plannedCluster() rejects an invalid cluster', async (t) => {
  const rejects = (message: RegExp, on: ReturnType<typeof inventory>): void => {
    t.throws(() => plannedCluster(on), { name: 'PlaybookError', message })
  }
  rejects(/no host in group k3s_servers/, inventory({}))
  rejects(
    /k3s_servers has 2 hosts.* 2 servers tolerate no more failures than 1\. Use 1 or 3/,
    inventory({ a: {}, b: {} }),
  )
  rejects(/4 servers tolerate no more failures than 3\. Use 3 or 5/, inventory({ a: {}, b: {}, c: {}, d: {} }))
  t.equal(plannedCluster(inventory({ a: {}, b: {}, c: {} })).servers.length, 3)
  rejects(/b is in both k3s_servers and k3s_agents/, inventory({ b: {} }, { b: {} }))
  rejects(
    /Box and b both have the name box.*Set k3s_node_name/,
    inventory({ Box: {} }, { b: { k3s_node_name: 'box' } }),
  )
  rejects(
    /a and b both have the address 10\.0\.0\.1/,
    inventory({ a: { ansible_host: '10.0.0.1' } }, { b: { ansible_host: '10.0.0.1' } }),
  )
  rejects(/"my_box" is not a valid node name/, inventory({ my_box: {} }))
  rejects(/k3s_labels: invalid label "zone: a b"/, inventory({ a: { k3s_labels: { zone: 'a b' } } }))
  rejects(/k3s_taints: invalid taint "db"/, inventory({ a: { k3s_taints: ['db'] } }))
  rejects(/k3s_node_ip is "here"/, inventory({ a: { k3s_node_ip: 'here' } }))
})

t.test('node names are unique, or rejected', async () => {
  const lists = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z]{1,4}$/), { minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(lists, (list) => {
      const on = inventory({ [list[0] as string]: {} }, Object.fromEntries(list.slice(1).map((name) => [name, {}])))
      const duplicate = new Set(list.map((name) => name.toLowerCase())).size < list.length
      try {
        const names = plannedCluster(on).nodes.map(({ name }) => name)
        return !duplicate && new Set(names).size === list.length
      } catch {
        return duplicate
      }
    }),
  )
})

const facts = { architecture: 'x86_64' }

t.test('sourceOf() pins a release by its checksums', async (t) => {
  t.match(k3sSource({ vars: {}, facts }), {
    kind: 'release',
    version: DEFAULT_VERSION,
    binary: { from: /\/v1\.36\.4%2Bk3s1\/k3s$/, sha256: /^8358/ },
    installer: { from: /v1\.36\.4%2Bk3s1\/install\.sh$/, sha256: /^4617/ },
  })
  t.match(k3sSource({ vars: {}, facts: { architecture: 'aarch64' } }), {
    binary: { from: /\/k3s-arm64$/, sha256: /^c920/ },
  })
  t.match(k3sSource({ vars: { k3s_version: 'v1.35.0+k3s1' }, facts }), {
    kind: 'none',
    problem: /no checksums for k3s v1\.35\.0\+k3s1 \(amd64\): set k3s_checksum/,
  })
  t.match(
    k3sSource({
      vars: { k3s_version: 'v1.35.0+k3s1', k3s_checksum: 'a'.repeat(64), k3s_install_checksum: 'b'.repeat(64) },
      facts,
    }),
    { kind: 'release', binary: { sha256: 'a'.repeat(64) } },
  )
  t.match(k3sSource({ vars: { k3s_version: 'latest' }, facts }), { problem: /"latest": it must be a release/ })
  t.match(k3sSource({ vars: {}, facts: { architecture: 'mips' } }), { problem: /architecture mips is not supported/ })
  t.match(k3sSource({ vars: { k3s_source: 'artifacts' }, facts }), { problem: /k3s_artifacts is not set/ })
  t.match(k3sSource({ vars: { k3s_source: 'usb' }, facts }), { problem: /must be release or artifacts/ })
})

t.test('artifactsIn() names missing artifacts', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-artifacts-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const put = (name: string, text = ''): void => {
    writeFileSync(path.join(directory, name), text)
  }
  const sum = (name: string, digit = 'a'): string => `${digit.repeat(64)}  ${name}\n`
  const problem = (says: RegExp): void => {
    t.match(artifactsIn(directory, 'amd64'), { kind: 'none', problem: says })
  }
  t.match(artifactsIn(path.join(directory, 'none'), 'amd64'), { problem: /cannot read directory .*ENOENT/ })
  problem(/has no k3s:/)
  put('k3s')
  problem(/has no install\.sh/)
  put('install.sh')
  problem(/has no checksum of k3s/)
  put('sha256sum-amd64.txt', sum('k3s') + sum('k3s-airgap-images-amd64.tar.zst', 'b'))
  problem(/has no checksum of install\.sh/)
  put('install.sh.sha256sum', sum('install.sh', 'c'))
  for (const name of ['k3s-airgap-images-amd64.tar.zst', 'k3s-airgap-images-arm64.tar.zst', 'k3s-arm64', 'notes.md'])
    put(name)
  t.match(artifactsIn(directory, 'amd64'), {
    kind: 'artifacts',
    binary: { name: 'k3s', sha256: /^a{64}$/ },
    installer: { sha256: /^c/ },
    images: [{ name: 'k3s-airgap-images-amd64.tar.zst', sha256: /^b/ }],
  })
  t.match(artifactsIn(directory, 'arm64'), { problem: /has no checksum of k3s-arm64/ })
  put('app.tar')
  problem(/has no checksum of app\.tar/)
})

t.test('readSums() parses checksum lists', async (t) => {
  t.strictSame(
    parseChecksums(`${'A'.repeat(64)} *./dist/k3s\n# a note\n${'b'.repeat(63)}  short\n${'c'.repeat(64)}  install.sh`),
    [
      ['k3s', 'a'.repeat(64)],
      ['install.sh', 'c'.repeat(64)],
    ],
  )
})

const good =
  'capabilities 000001ffffffffff\nconntrack 644\ncgroup2 cpuset cpu io memory pids\nkmsg\noverlay\nfilesystem ext2/ext3\n'
const machine = (text: string): MachineFacts => parseMachineFacts(text)

t.test('a machine that meets all requirements needs no workaround', async (t) => {
  t.strictSame(machineSettings(machine(good), DEFAULT_VERSION), {
    kubeletArgs: [],
    kubeProxyArgs: [],
    snapshotter: '',
    restrictOomScore: false,
    standInForKmsg: false,
    says: [],
  })
  t.strictSame(preflightProblems(machine(good), 'server', DEFAULT_VERSION), [])
})

t.test('fit() detects each known issue and applies its workaround', async (t) => {
  const issue = (text: string, version: string, expected: object, says: RegExp): void => {
    const found = machineSettings(machine(text), version)
    t.match(found, expected)
    t.match(found.says.join('\n'), says)
    t.equal(found.says.length, 1, 'no other issue')
  }
  issue(
    good.replace('1ffffffffff', '1fffeffffff'),
    DEFAULT_VERSION,
    { restrictOomScore: true },
    /CAP_SYS_RESOURCE.*restrict_oom_score_adj/,
  )
  for (const limit of ['444', 'none'])
    issue(
      good.replace('644', limit),
      DEFAULT_VERSION,
      { kubeProxyArgs: ['conntrack-max-per-core=0'] },
      /nf_conntrack_max.*conntrack-max-per-core=0/,
    )
  const first = good.replace(/cgroup2.*/, 'cgroup1 cpu\ncgroup1 cpuset\ncgroup1 memory\ncgroup1 pids\ncgroup1 .')
  issue(first, 'v1.36.4+k3s1', { kubeletArgs: ['fail-cgroupv1=false'] }, /cgroup v1.*fail-cgroupv1/)
  issue(first, 'v1.23.8+k3s1', { kubeletArgs: [] }, /cgroup v1 is deprecated in Kubernetes$/)
  issue(good.replace('kmsg\n', ''), DEFAULT_VERSION, { standInForKmsg: true }, /\/dev\/kmsg is missing/)
  issue(good.replace('ext2/ext3', 'overlayfs'), DEFAULT_VERSION, { snapshotter: 'native' }, /is on overlayfs/)
})

t.test('faults() names each missing requirement and its fix', async (t) => {
  const says = (
    text: string,
    expected: RegExp,
    role: 'server' | 'agent' = 'server',
    version = DEFAULT_VERSION,
  ): void => {
    t.match(preflightProblems(machine(text), role, version).join('\n'), expected)
  }
  says(
    good.replace(' memory', ''),
    /^the cgroup controller memory \(version 2\) is missing: on a Raspberry Pi, add cgroup_memory=1/,
  )
  says(good.replace('1ffffffffff', '1ffffdfffff'), /CAP_SYS_ADMIN is missing/)
  says(
    good.replace('1ffffffffff', '1fffeffffff'),
    /k3s v1\.23\.8\+k3s1 does not support the containerd drop-in/,
    'server',
    'v1.23.8+k3s1',
  )
  const listens = (port: number, program: string): string =>
    `${good}listen tcp LISTEN 0 128 *:${port} *:* users:(("${program}",pid=1,fd=3))\n`
  says(listens(6443, 'kube-apiserver'), /port 6443\/tcp \(the API\) is in use by "kube-apiserver"/)
  t.strictSame(preflightProblems(machine(listens(6443, 'nginx')), 'agent'), [], 'an agent has no API')
  t.strictSame(preflightProblems(machine(listens(6443, 'k3s-server')), 'server'), [], 'k3s itself')
})

t.test('MACHINE_SCRIPT runs in every shell', (t: Test) => {
  for (const shell of shells) {
    const { stdout, exitCode } = runIn(shell, MACHINE_SCRIPT)
    t.equal(exitCode, 0, shell.name)
    const seen = parseMachineFacts(stdout)
    t.ok(seen.capabilities > 0n && seen.fileSystem !== '' && seen.controllers.length > 0, shell.name)
  }
  t.end()
})

t.test('config.yaml merges workarounds and settings, each key once', async (t) => {
  const template = readFileSync(new URL('../../../../../templates/k3s-install/config.yaml', import.meta.url), 'utf8')
  const fixed = machineSettings(machine(good.replace('644', '444').replace(/cgroup2.*/, 'cgroup1 .')), DEFAULT_VERSION)
  const vars = {
    node: { name: 'n1', role: 'server', ip: '' },
    token_file: '/t',
    join: '',
    cluster_init: true,
    names: ['a'],
    disable: [],
    fitting: fixed,
    ...extraConfig({ 'kubelet-arg': ['max-pods=50'], 'cluster-cidr': '10.1.0.0/16' }),
  }
  t.strictSame(parse(render(template, 'config.yaml', vars).text), {
    'node-name': 'n1',
    'token-file': '/t',
    'cluster-init': true,
    'write-kubeconfig-mode': '0600',
    'tls-san': ['a'],
    'kubelet-arg': ['fail-cgroupv1=false', 'max-pods=50'],
    'kube-proxy-arg': ['conntrack-max-per-core=0'],
    'cluster-cidr': '10.1.0.0/16',
  })
  t.strictSame(
    parse(
      render(template, 'config.yaml', {
        ...vars,
        node: { name: 'n2', role: 'agent', ip: '10.0.0.2' },
        join: 'https://a:6443',
        fitting: machineSettings(machine(good)),
        ...extraConfig(undefined),
      }).text,
    ),
    {
      'node-name': 'n2',
      'node-ip': '10.0.0.2',
      'token-file': '/t',
      server: 'https://a:6443',
    },
  )
  t.throws(() => extraConfig({ token: 'x' }), { message: /k3s_config: "token" is set by k3s_token/ })
  t.throws(() => extraConfig('x'), { message: /must be a mapping/ })
})

t.test('a reinstalled first server does not start a second cluster', (t) => {
  const groups = { k3s_servers: ['a', 'b', 'c'], k3s_agents: [] }
  const judged = (data: Readonly<Record<string, string>>): unknown => {
    const on = {
      host: 'a',
      vars: { k3s_source: 'artifacts' },
      facts: {},
      groups,
      hostvars: () => ({}),
      check: false,
    } as unknown as PlayContext
    const task = flattenTasks(firstServer.tasks(on)).find(
      ({ title }) => title === 'Assert that no second cluster is created',
    )
    const scope: Scope = {
      host: 'a',
      has: (_name, host) => data[host] !== undefined,
      get: (_name, host) => ({ stdout: data[host] }),
      whyMissing: () => ({ message: 'not looked at', pending: false }),
    }
    const { that, fail_msg } = task?.params as Record<string, Reference<unknown>>
    return that?.read(scope) === true ? true : fail_msg?.read(scope)
  }
  t.equal(judged({ a: 'no', b: 'no', c: 'no' }), true, 'a cluster begins')
  t.equal(judged({ a: 'yes', b: 'yes', c: 'no' }), true, 'a cluster grows')
  t.equal(judged({ a: 'no' }), true, 'with --limit nobody has looked at the others')
  t.match(
    judged({ a: 'no', b: 'yes', c: 'yes' }),
    /^a has no cluster data, but b, c have: .*List a server with data first/,
  )
  t.end()
})

t.test('a refused version fails before any configuration', (t) => {
  const on = {
    host: 'a',
    vars: { k3s_version: DEFAULT_VERSION },
    facts: {},
    groups: { k3s_servers: ['a'] },
    hostvars: () => ({}),
    check: false,
  } as unknown as PlayContext
  const tasks = flattenTasks(firstServer.tasks(on))
  const at = (title: string): number => tasks.findIndex((task) => task.title === title)
  t.ok(at('Check k3s upgrade path') !== -1 && at('Check k3s upgrade path') < at('Configure k3s'))
  const judged = (stdout: string): unknown => {
    const scope: Scope = {
      host: 'a',
      has: () => true,
      get: () => ({ stdout }),
      whyMissing: () => ({ message: 'not looked at', pending: false }),
    }
    const { that, fail_msg } = tasks[at('Check k3s upgrade path')]?.params as Record<string, Reference<unknown>>
    return that?.read(scope) === true ? true : fail_msg?.read(scope)
  }
  t.equal(judged(''), true, 'there is none yet')
  t.equal(judged(`k3s version ${DEFAULT_VERSION} (abcdef01)\ngo version go1.25.0`), true)
  t.match(
    judged('k3s version v1.37.0+k3s1 (abcdef01)'),
    `cannot downgrade k3s v1.37.0+k3s1 to ${DEFAULT_VERSION}: Kubernetes does not support downgrades`,
  )
  t.match(judged('k3s version v1.34.1+k3s1 (abcdef01)'), /2 minor versions newer/)
  t.end()
})
