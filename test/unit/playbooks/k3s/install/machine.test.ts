import { watch } from 'node:fs'
import t from 'tap'
import {
  preflightProblems,
  machineSettings,
  MACHINE_SCRIPT,
  parseMachineFacts,
  type MachineFacts,
} from '../../../../../playbooks/k3s/install/machine.ts'
import { DEFAULT_VERSION } from '../../../../../playbooks/k3s/install/source.ts'
import { runIn, shells } from '../../../../support/shells.ts'

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
  t.strictSame(preflightProblems(machine(good), 'server'), [])
})

t.test('machineSettings() detects each known issue and applies its workaround', async (t) => {
  const issue = (text: string, version: string, expected: object, says: RegExp): void => {
    const found = machineSettings(machine(text), version)
    t.match(found, expected)
    t.match(found.says.join('\n'), says)
    t.equal(found.says.length, 1, 'the machine has one issue only')
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

t.test('preflightProblems() names each missing requirement and its fix', async (t) => {
  const says = (text: string, expected: RegExp): void => {
    t.match(preflightProblems(machine(text), 'server').join('\n'), expected)
  }
  says(
    good.replace(' memory', ''),
    /^the cgroup controller memory \(version 2\) is missing: on a Raspberry Pi, add cgroup_memory=1/,
  )
  says(good.replace('1ffffffffff', '1ffffdfffff'), /CAP_SYS_ADMIN is missing/)
  says(
    `${good}inotify 128 113\n`,
    /^113 of 128 inotify instances are in use, and k3s needs 16: on this host, run "sysctl -w fs\.inotify\.max_user_instances=1024"/,
  )
  const shared = { limit: 128, used: 120 }
  t.match(preflightProblems(machine(`${good}inotify 128 9\n`), 'agent', shared), [
    /^120 of 128 .*the machine of the lab/,
  ])
  t.strictSame(preflightProblems(machine(`${good}inotify 128 112\n`), 'agent'), [])
  t.strictSame(preflightProblems(machine(`${good}running\ninotify 128 128\n`), 'agent', shared), [], 'k3s has its own')
  const listens = (port: number, program: string): string =>
    `${good}listen tcp LISTEN 0 128 *:${port} *:* users:(("${program}",pid=1,fd=3))\n`
  says(listens(6443, 'kube-apiserver'), /port 6443\/tcp \(the API\) is in use by "kube-apiserver"/)
  t.strictSame(
    preflightProblems(machine(listens(6443, 'nginx')), 'agent'),
    [],
    'port 6443 may be in use on an agent, which has no API',
  )
  t.strictSame(
    preflightProblems(machine(listens(6443, 'k3s-server')), 'server'),
    [],
    'port 6443 may be in use by k3s itself',
  )
})

for (const shell of shells) {
  t.test(`${shell.name}: MACHINE_SCRIPT prints the facts of this machine`, async (t) => {
    // Holds an instance of inotify.
    const watcher = watch(t.testdir())
    t.teardown(() => {
      watcher.close()
    })
    const { stdout, exitCode } = runIn(shell, MACHINE_SCRIPT)
    t.equal(exitCode, 0)
    const seen = parseMachineFacts(stdout)
    t.ok((seen.inotify?.limit ?? 0) > 0, 'the limit of inotify instances is known')
    t.ok((seen.inotify?.used ?? 0) > 0, 'those in use are counted')
    t.ok(seen.capabilities > 0n && seen.fileSystem !== '' && seen.controllers.length > 0)
  })
}
