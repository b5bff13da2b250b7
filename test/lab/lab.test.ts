import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import { lab_keys } from '../../src/modules/lab/keys.ts'
import { kernelNames, SHARED_DIRECTORY } from '../../src/modules/lab/names.ts'
import { lab_network } from '../../src/modules/lab/network.ts'
import { lab_node } from '../../src/modules/lab/node.ts'
import { lab_port } from '../../src/modules/lab/port.ts'
import { lab_preflight } from '../../src/modules/lab/preflight.ts'
import { lab_rootfs } from '../../src/modules/lab/rootfs.ts'
import { releaseCpu, reserveCpu } from '../../src/modules/lab/scripts/reserve-cpu.ts'
import type { ModuleCall } from '../../src/modules/task.ts'
import type { z } from 'zod'
import { converge, assertConverges, runIn, shells } from '../support/shells.ts'
import { story } from '../support/story.ts'
import { isAlive, killMidway, machineState, processesAbout, run, sshTo, until } from './machine.ts'

const [dash] = shells
const name = 'lbtest'
const base = `${tmpdir()}/labbook-lab-test`
const dir = `${base}/lab`
const rootfs = `${base}/rootfs`
const nodes = [1, 2, 3].map((number) => ({ name: `node${number}`, address: `10.82.0.1${number}` }))
const [first, second, third] = nodes as [Node, Node, Node]
type Node = (typeof nodes)[number]
const network = { name, dir, subnet: '10.82.0.0/24', nodes }
const nodeParams = (node: Node) => ({
  lab: name,
  dir,
  rootfs,
  ...node,
  nodes,
  memory: '1G',
  ...(node === first ? { disk: '2G' } : {}),
})
const ssh = sshTo(dir)
const pidOf = (node: Node): number => Number(readFileSync(`${dir}/nodes/${node.name}/pid`, 'utf8').split(' ')[0])

const script = <S extends z.ZodType, V>(module: ModuleCall<S, V>, params: z.input<S>): string => {
  const parsed = module.definition.schema.parse(params)
  const plan = module.definition.plan(parsed, runIn(dash, module.definition.probe(parsed, {})), {}, {})
  return plan.changes.map((change) => change.script).join('\n')
}
const bootAll = (t: Test): string[] => nodes.flatMap((node) => assertConverges(t, lab_node, nodeParams(node)))
const takeDown = (): void => {
  converge(dash, lab_network, { ...network, state: 'absent', purge: true })
  converge(dash, lab_rootfs, { path: rootfs, state: 'absent' })
  rmSync(base, { recursive: true, force: true })
}

const step = story(t)
const ROOT = 'a killed root build leaves no process or mount, and is repeated'
const UP = 'three nodes start and answer OpenSSH with pinned host keys'

takeDown()
const before = machineState(name)
t.teardown(takeDown)

await step('this machine meets the lab requirements', async (t) => {
  t.strictSame(assertConverges(t, lab_preflight, {}), [])
})

await step(ROOT, async (t) => {
  // The build may use a tmpfs that only its own processes see.
  const isBegun = (entry: string): boolean =>
    entry.endsWith('.tmp') &&
    processesAbout(rootfs).some((pid) =>
      ['', '/memory'].some((place) => existsSync(`/proc/${pid}/root${rootfs}/${entry}${place}/usr/bin/dpkg`)),
    )
  await killMidway(script(lab_rootfs, { path: rootfs }), () => existsSync(rootfs) && readdirSync(rootfs).some(isBegun))
  await until(() => processesAbout(rootfs).length === 0)
  t.strictSame(machineState(name).mounts, before['mounts'])
  t.match(assertConverges(t, lab_rootfs, { path: rootfs }), [/^build a Debian root/])
  t.strictSame(
    readdirSync(rootfs).filter((entry) => entry.endsWith('.tmp')),
    [],
  )
})

await step(
  UP,
  async (t) => {
    assertConverges(t, lab_keys, { dir })
    assertConverges(t, lab_network, network)
    t.strictSame(
      bootAll(t),
      nodes.map((node) => `boot ${node.name} (${node.address})`),
    )
    for (const node of nodes) t.equal(ssh.run(node.address, 'hostname'), node.name)
    t.equal(new Set(nodes.map((node) => ssh.run(node.address, 'cat /etc/machine-id'))).size, 3)
  },
  [ROOT],
)

await step(
  'nodes have the shared directory read-only',
  async (t) => {
    const file = `${SHARED_DIRECTORY}/of-the-lab-test`
    writeFileSync(file, 'shared')
    try {
      t.equal(ssh.run(first.address, `cat ${file}`), 'shared')
      t.match(ssh.run(first.address, `sudo touch ${SHARED_DIRECTORY}/mine 2>&1 || :`), /Read-only file system/)
    } finally {
      rmSync(file)
    }
  },
  [UP],
)

await step(
  'a second run of the lab modules changes nothing',
  async (t) => {
    t.strictSame(assertConverges(t, lab_keys, { dir }), [])
    t.strictSame(assertConverges(t, lab_rootfs, { path: rootfs }), [])
    t.strictSame(assertConverges(t, lab_network, network), [])
    t.strictSame(bootAll(t), [])
  },
  [UP],
)

await step(
  'a node is a complete system with the requested limits',
  async (t) => {
    t.equal(ssh.run(first.address, 'systemctl is-system-running --wait'), 'running')
    t.equal(ssh.run(first.address, 'sudo id -u'), '0')
    t.equal(ssh.run(first.address, 'ping -c 3 -W 10 node3 >/dev/null && echo answers'), 'answers')
    t.equal(
      ssh.run(
        first.address,
        'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || :',
      ),
      String(2 ** 30),
    )
    t.ok(
      Number(ssh.run(first.address, 'df --output=size / | tail -n 1')) < 2 * 2 ** 20,
      'its disk has the requested size',
    )
    t.match(ssh.run(first.address, 'sudo apt-get update'), /Reading package lists/)
  },
  [UP],
)

await step(
  'a CPU is taken from all nodes and their containers, and given back',
  async (t) => {
    const units = nodes.map((node) => kernelNames(name).node(node.name))
    const cpusOf = (node: Node): string => ssh.run(node.address, 'nproc')
    const all = nodes.map(cpusOf)
    // As Docker makes it: a separate cpuset below that of the node.
    ssh.run(
      first.address,
      'cd /sys/fs/cgroup/cpuset && sudo mkdir -p docker/one && for f in cpus mems; do cat cpuset.$f | sudo tee docker/cpuset.$f docker/one/cpuset.$f; done',
    )
    const inner = (): string => ssh.run(first.address, 'cat /sys/fs/cgroup/cpuset/docker/one/cpuset.cpus')
    const whole = inner()
    t.match(runIn(dash, releaseCpu(units)), { exitCode: 0, stderr: '' }, 'nothing to give back')
    t.match(runIn(dash, reserveCpu(units)), { exitCode: 0, stderr: '', stdout: `${Number(all[0]) - 1}\n` })
    t.same(
      nodes.map(cpusOf),
      all.map((count) => String(Number(count) - 1)),
    )
    t.not(inner(), whole)
    t.match(runIn(dash, releaseCpu(units)), { exitCode: 0, stderr: '' })
    t.same(nodes.map(cpusOf), all)
    t.equal(inner(), whole)
    ssh.run(first.address, 'cd /sys/fs/cgroup/cpuset && sudo rmdir docker/one docker')
  },
  [UP],
)

await step(
  'a killed node restarts with its disk, identity and host key',
  async (t) => {
    const id = ssh.run(first.address, 'sudo touch /root/kept && cat /etc/machine-id')
    process.kill(pidOf(first), 'SIGKILL')
    await until(() => !ssh.answers(first.address, 5))
    t.match(assertConverges(t, lab_node, nodeParams(first)), [/boot node1 \(10\.82\.0\.11\)$/])
    t.equal(ssh.run(first.address, 'sudo ls /root/kept >/dev/null && cat /etc/machine-id'), id)
  },
  [UP],
)

await step(
  'a node that reboots itself restarts',
  async (t) => {
    const old = pidOf(second)
    sshReboot(second)
    await until(() => !isAlive(old) && ssh.answers(second.address))
    t.not(pidOf(second), old)
    t.strictSame(assertConverges(t, lab_node, nodeParams(second)), [])
  },
  [UP],
)

await step(
  'a partly deleted network is restored without a reboot',
  async (t) => {
    const pids = nodes.map(pidOf)
    run('ip', '-n', `${name}-sw`, 'link', 'del', `p-${second.name}`)
    run('iptables', '-D', `LAB-${name}`, '1')
    t.notOk(ssh.answers(second.address, 5))
    t.match(assertConverges(t, lab_network, network), [
      'connect node2 to the lab (10.82.0.12)',
      /^allow outbound DNS and HTTP\(S\)/,
    ])
    t.ok(ssh.answers(second.address))
    t.strictSame(bootAll(t), [])
    t.strictSame(nodes.map(pidOf), pids)
  },
  [UP],
)

await step(
  "an extra rule in the lab's chain is removed",
  async (t) => {
    run('iptables', '-I', `LAB-${name}`, '-j', 'ACCEPT')
    t.match(assertConverges(t, lab_network, network), [/^allow outbound DNS and HTTP\(S\)/])
  },
  [UP],
)

await step(
  'a node without its namespace is rebooted into a new one',
  async (t) => {
    run('ip', 'netns', 'del', `${name}-${third.name}`)
    t.match(assertConverges(t, lab_network, network), [
      'create the network namespace lbtest-node3',
      'connect node3 to the lab (10.82.0.13)',
    ])
    t.match(assertConverges(t, lab_node, nodeParams(third)), [/boot.* node3/])
    t.equal(ssh.run(third.address, 'hostname'), 'node3')
  },
  [UP],
)

await step(
  'a port that is down partitions a running node',
  async (t) => {
    const pid = pidOf(third)
    t.strictSame(assertConverges(t, lab_port, { lab: name, name: third.name, state: 'down' }), [
      'set the port of node3 down',
    ])
    t.notOk(ssh.answers(third.address, 5))
    assertConverges(t, lab_port, { lab: name, name: third.name, state: 'up' })
    t.ok(ssh.answers(third.address))
    t.equal(pidOf(third), pid)
  },
  [UP],
)

await step(
  'a stopped node stays down until started; a killed start is completed',
  async (t) => {
    const start = nodeParams(second)
    t.strictSame(assertConverges(t, lab_node, { ...start, state: 'stopped' }), ['stop node2'])
    t.notOk(ssh.answers(second.address, 5))
    await killMidway(script(lab_node, start), () => existsSync(`${dir}/nodes/node2/pid`))
    assertConverges(t, lab_node, start)
    t.equal(ssh.run(second.address, 'hostname'), 'node2')
  },
  [UP],
)

await step(
  'a removed node is stopped; others learn of a new one without a reboot',
  async (t) => {
    const two = [first, second]
    t.strictSame(assertConverges(t, lab_network, { ...network, nodes: two }), [
      'stop node3 and remove its network namespace',
    ])
    t.strictSame(assertConverges(t, lab_node, { ...nodeParams(first), nodes: two }), ['update /etc/hosts of node1'])
    t.strictSame(assertConverges(t, lab_network, network), [
      'create the network namespace lbtest-node3',
      'connect node3 to the lab (10.82.0.13)',
    ])
    t.strictSame(bootAll(t), ['update /etc/hosts of node1', 'boot node3 (10.82.0.13)'])
  },
  [UP],
)

await step('the removal of the lab restores the machine, also if resources are already missing', async (t) => {
  assertConverges(t, lab_node, { ...nodeParams(third), state: 'absent' })
  t.notMatch(readFileSync(`${dir}/known_hosts`, 'utf8'), /node3/)
  process.kill(pidOf(first), 'SIGKILL')
  run('ip', 'link', 'del', `${name}0`)
  run('rm', '-f', `${dir}/nodes/node2/pid`)
  assertConverges(t, lab_network, { ...network, state: 'absent', purge: true })
  assertConverges(t, lab_rootfs, { path: rootfs, state: 'absent' })
  t.notOk(existsSync(dir))
  t.strictSame(machineState(name), before)
})

/** The connection may close before the exit code arrives. */
function sshReboot(node: Node): void {
  try {
    ssh.run(node.address, 'sudo systemctl reboot')
  } catch {
    // it shut down fast
  }
}
