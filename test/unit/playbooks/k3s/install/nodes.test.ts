import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { checkCluster } from '../../../../../playbooks/k3s/install/existing-cluster.ts'
import { extraConfig } from '../../../../../playbooks/k3s/install/extra-config.ts'
import { files } from '../../../../../playbooks/k3s/install/files.ts'
import { flattenTasks, type PlayContext } from '../../../../../src/playbook/play.ts'
import type { Reference, Scope } from '../../../../../src/values/reference.ts'
import { machineSettings, parseMachineFacts, type MachineFacts } from '../../../../../playbooks/k3s/install/machine.ts'
import { DEFAULT_VERSION } from '../../../../../playbooks/k3s/install/source.ts'
import { render } from '../../../../../src/templates/index.ts'

const good =
  'capabilities 000001ffffffffff\nconntrack 644\ncgroup2 cpuset cpu io memory pids\nkmsg\noverlay\nfilesystem ext2/ext3\n'

const machine = (text: string): MachineFacts => parseMachineFacts(text)

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
        ...extraConfig({}),
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
    const task = flattenTasks(checkCluster.tasks(on)).find(
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
  t.equal(judged({ a: 'no', b: 'no', c: 'no' }), true, 'a host without data starts a cluster if no host has data')
  t.equal(judged({ a: 'yes', b: 'yes', c: 'no' }), true, 'a host with data adds others to its cluster')
  t.equal(judged({ a: 'no' }), true, 'hosts outside --limit are not considered')
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
  const tasks = flattenTasks(files.tasks(on))
  const at = (title: string): number => tasks.findIndex((task) => task.title === title)
  t.ok(at('Check k3s upgrade path') !== -1 && at('Check k3s upgrade path') < at('Configure node labels and taints'))
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
  t.equal(judged(''), true, 'any version may be installed on a host without k3s')
  t.equal(judged(`k3s version ${DEFAULT_VERSION} (abcdef01)\ngo version go1.25.0`), true)
  t.match(
    judged('k3s version v1.37.0+k3s1 (abcdef01)'),
    `cannot downgrade k3s v1.37.0+k3s1 to ${DEFAULT_VERSION}: Kubernetes does not support downgrades`,
  )
  t.match(judged('k3s version v1.34.1+k3s1 (abcdef01)'), /2 minor versions newer/)
  t.end()
})
