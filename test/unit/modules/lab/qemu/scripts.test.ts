import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t from 'tap'
import { lab_vm_acceleration } from '../../../../../src/modules/lab/qemu/acceleration.ts'
import { vmFaults } from '../../../../../src/lab/qemu/faults.ts'
import { lab_vm_image } from '../../../../../src/modules/lab/qemu/image.ts'
import { qemu } from '../../../../../src/lab/qemu/provider.ts'
import { cloudSeed } from '../../../../../src/modules/lab/qemu/scripts/cloud.ts'
import { monitorFunction } from '../../../../../src/modules/lab/qemu/scripts/monitor.ts'
import { loadVm, macOf, processFunctions, settingVariables } from '../../../../../src/modules/lab/qemu/scripts/vm.ts'
import { lab_vm_snapshot } from '../../../../../src/modules/lab/qemu/snapshot.ts'
import { lab_vm_switch } from '../../../../../src/modules/lab/qemu/switch.ts'
import { lab_vm, vmSettings } from '../../../../../src/modules/lab/qemu/vm.ts'
import { affects } from '../../../../../src/execution/predicted-effects.ts'
import { labOf } from '../../../../../src/lab/lab.ts'
import { runIn, shells } from '../../../../support/shells.ts'
import { descriptions, planFor } from '../planned.ts'
import type { Faults } from '../../../../../src/lab/faults.ts'

const nodes = [
  { name: 'node1', address: '10.78.0.11' },
  { name: 'node2', address: '10.78.0.12' },
]
const node1 = {
  lab: 'lbtest',
  dir: '/srv/labs/vm',
  images: '/srv/labs/images',
  name: 'node1',
  address: '10.78.0.11',
  nodes,
  ssh_port: 22_100,
  forwards: [{ guest: 8080, host: 22_101 }],
}
const running = ['folder', 'pid 4711', 'shape', 'forwards', 'pinned', 'answers']
const without = (...lines: string[]): string => running.filter((line) => !lines.includes(line)).join('\n')

t.test('acceleration and machines are probed again after the image is built', async (t) => {
  const { definition } = lab_vm_image
  const changed = definition.sets?.(definition.schema.parse({ path: node1.images }))
  for (const task of [lab_vm_acceleration('it', { dir: node1.dir, images: node1.images }), lab_vm('it', node1)]) {
    t.ok(affects(changed, task.module.reads?.(task.params)))
  }
})

t.test('lab_vm does not change a healthy machine', async (t) => {
  t.strictSame(planFor(lab_vm, node1, without()), {
    changes: [],
    values: { pid: 4711, known_hosts: '/srv/labs/vm/known_hosts' },
  })
})

t.test('lab_vm boots a missing machine, reboots a resized one, and updates ports at run time', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, node1, '')), [
    'boot node1 (10.78.0.11, 1024 MiB, 1 CPU; SSH on 127.0.0.1:22100)',
  ])
  t.match(descriptions(planFor(lab_vm, { ...node1, memory: '2G', cpus: 2 }, without('shape'))), [
    /^reboot node1 \(10\.78\.0\.11, 2048 MiB, 2 CPUs/,
  ])
  t.strictSame(descriptions(planFor(lab_vm, node1, without('forwards'))), [
    'update port forwards and known_hosts of node1',
  ])
  t.strictSame(descriptions(planFor(lab_vm, node1, without('pinned'))), [
    'update port forwards and known_hosts of node1',
  ])
})

t.test('lab_vm waits for SSH unless wait is false', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, node1, without('answers'))), ['wait for node1'])
  t.strictSame(planFor(lab_vm, { ...node1, wait: false }, without('answers')).changes, [])
})

t.test('states stopped and absent are idempotent', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, { ...node1, state: 'stopped' }, without())), ['stop node1'])
  t.strictSame(planFor(lab_vm, { ...node1, state: 'stopped' }, 'folder').changes, [])
  t.strictSame(descriptions(planFor(lab_vm, { ...node1, state: 'absent' }, 'folder')), [
    'stop node1 and remove its disk',
  ])
  t.strictSame(planFor(lab_vm, { ...node1, state: 'absent' }, '').changes, [])
})

t.test('lab_vm names a missing requirement and the module that creates it', async (t) => {
  t.match(
    planFor(lab_vm, node1, 'missing qemu-system-x86_64\nmissing cpio').problem,
    /missing qemu-system-x86_64, cpio: install the packages/,
  )
  t.equal(
    planFor(lab_vm, node1, 'no-image').problem,
    'no image for "node1" in "/srv/labs/images": run lab_vm_image first',
  )
  t.equal(
    planFor(lab_vm, { ...node1, cloud_image: '/srv/a.qcow2' }, 'no-image').problem,
    'cannot read the image "/srv/a.qcow2" for "node1"',
  )
  t.match(planFor(lab_vm, node1, 'no-key').problem, /run lab_keys first/)
  t.match(planFor(lab_vm, node1, 'no-network').problem, /run lab_vm_switch and lab_vm_acceleration first/)
  t.equal(planFor(lab_vm, node1, `no-image\n${without()}`).problem, undefined, 'a running machine needs no image')
})

t.test('lab_vm_image keeps an image with the same recipe, else builds it or names what is missing', async (t) => {
  const image = { path: '/srv/labs/images' }
  const built = 'sources 3\nrelease bookworm\nwanted abc\ncurrent abc\ncomplete\n'
  t.strictSame(planFor(lab_vm_image, image, built), { changes: [], values: { path: '/srv/labs/images/abc' } })
  t.strictSame(descriptions(planFor(lab_vm_image, image, built.replace('complete\n', ''))), [
    'build an image of Debian bookworm, in /srv/labs/images',
  ])
  t.strictSame(
    descriptions(
      planFor(
        lab_vm_image,
        { ...image, packages: ['docker.io'], release: 'trixie' },
        built.replace('current abc', 'current old').replace('complete\n', '').replace('bookworm', 'trixie'),
      ),
    ),
    ['build an image of Debian trixie with docker.io, in /srv/labs/images'],
  )
  t.strictSame(
    descriptions(planFor(lab_vm_image, image, built.replace('current abc', 'current another'))),
    ['switch to the image of Debian bookworm, in /srv/labs/images'],
    'another lab built another image since',
  )
  t.match(
    planFor(lab_vm_image, image, 'missing mmdebstrap\nsources 1\n').problem,
    /missing mmdebstrap: install .*or set lab_image to a cloud image/,
  )
  t.match(planFor(lab_vm_image, image, 'sources 0\n').problem, /apt has no Debian or Ubuntu archive/)
  t.match(
    planFor(lab_vm_image, image, 'sources 1\nno-namespace\n').problem,
    /without root needs user namespaces: install the package uidmap/,
  )
})

t.test('lab_vm_acceleration detects an accelerator once, unless lab_acceleration is set', async (t) => {
  const { dir, images } = node1
  t.match(descriptions(planFor(lab_vm_acceleration, { dir, images }, '')), ['detect hardware acceleration'])
  t.strictSame(planFor(lab_vm_acceleration, { dir, images }, 'name tcg\nwhy kvm: /dev/kvm does not exist\n'), {
    changes: [],
    values: { acceleration: 'tcg', why: 'kvm: /dev/kvm does not exist' },
  })
  t.match(descriptions(planFor(lab_vm_acceleration, { dir, images, want: 'kvm' }, 'name tcg\nwhy x\n')), [
    /^use kvm .* stop the machines that use tcg/,
  ])
  t.match(planFor(lab_vm_acceleration, { dir, images }, 'no-image').problem, /run lab_vm_image first/)
  t.match(planFor(lab_vm_acceleration, { dir, images }, 'missing qemu-system-x86_64').problem, /install QEMU/)
})

t.test('lab_vm_switch starts, restarts and removes the switch, with all machines', async (t) => {
  const network = { dir: '/srv/labs/vm', nodes: ['node1', 'node2'] }
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\n')), ['start the switch of the lab'])
  t.strictSame(
    planFor(lab_vm_switch, network, 'can-vde\nlink vde\nswitch 12\nfolder\nnode node1\nvm 7 node1\n').changes,
    [],
  )
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\nlink vde\nfolder\nvm 7 node1\n')), [
    'start the switch of the lab and stop node1, which cannot reconnect',
  ])
  t.match(descriptions(planFor(lab_vm_switch, network, '')), [
    /^connect the nodes via multicast 239\.255\.\d+\.\d+:2\d{4} on the loopback interface$/,
  ])
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\nlink vde\nswitch 12\nnode node3\n')), [
    'stop node3 and remove its disk',
  ])
  t.strictSame(
    descriptions(planFor(lab_vm_switch, { ...network, state: 'absent' }, 'folder\nvm 7 node1\nswitch 12\n')),
    ['stop node1, the switch and remove /srv/labs/vm'],
  )
  t.strictSame(planFor(lab_vm_switch, { ...network, state: 'absent' }, '').changes, [])
  t.notOk(
    lab_vm_switch.definition.schema.safeParse({ dir: `/srv/${'x'.repeat(80)}` }).success,
    'socket paths would be too long',
  )
})

t.test('lab_vm_snapshot saves running machines once, and restores only the same machines', async (t) => {
  const snapshot = { dir: '/srv/labs/vm', name: 'ready', vms: [node1] }
  t.strictSame(descriptions(planFor(lab_vm_snapshot, snapshot, '')), ['save memory and disks of node1 as ready'])
  t.strictSame(planFor(lab_vm_snapshot, snapshot, 'there\n').changes, [])
  t.match(planFor(lab_vm_snapshot, snapshot, 'down node1\n').problem, /node1 does not run/)
  const facts = 'there\nwith tcg\nhardware node1:1024:1:0\naccel tcg\nknown ready\n'
  t.strictSame(descriptions(planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, facts)), [
    'restore node1 from ready',
  ])
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, 'known a\nknown b\n').problem,
    /no snapshot "ready"; available: a, b/,
  )
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, facts.replace('1024', '2048')).problem,
    /"ready" has other machines/,
  )
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, facts.replace('with tcg', 'with kvm')).problem,
    /created with kvm, the machines now use tcg/,
  )
  t.strictSame(descriptions(planFor(lab_vm_snapshot, { ...snapshot, state: 'absent' }, facts)), [
    'delete snapshot ready',
  ])
  t.notOk(lab_vm_snapshot.definition.schema.safeParse({ ...snapshot, name: 'a b' }).success)
})

t.test('macOf() gives each network card a unique, local unicast address', async (t) => {
  const all = ['node1', 'node2', 'node3'].flatMap((name) => [
    macOf('a', name, 0),
    macOf('a', name, 1),
    macOf('b', name, 0),
  ])
  t.equal(new Set(all).size, all.length)
  for (const mac of all) t.match(mac, /^52(:[0-9a-f]{2}){5}$/)
  t.equal(macOf('a', 'node1', 0), macOf('a', 'node1', 0))
})

const hosts: Record<string, Record<string, unknown>> = {
  node1: { ansible_host: '10.77.0.11', lab_provider: 'qemu', lab_memory: '1G' },
  node2: { lab_provider: 'qemu' },
}
const lab = labOf({ groups: { all: ['node1', 'node2'] }, hostvars: (host) => hosts[host] ?? {} })
if (lab === undefined) throw new Error('there is a lab')
const modules = [...qemu.up(lab), ...qemu.down(lab), ...(qemu.snapshots?.save(lab, 'a') ?? [])]
const scripts: Record<string, string> = {
  status: qemu.status(lab),
  parts: qemu.resources(lab),
  list: qemu.snapshots?.list(lab) ?? '',
  load: loadVm(vmSettings(node1), 'a'),
}
for (const { module, params } of modules)
  if (module.name.startsWith('lab_vm'))
    scripts[`probe of ${module.name}`] = module.probe(module.schema.parse(params), {})
const plans = [
  planFor(lab_vm_image, { path: '/srv/labs/images' }, 'sources 1\nrelease bookworm\nwanted abc\n'),
  planFor(lab_vm_acceleration, { dir: '/srv/labs/vm', images: '/srv/labs/images' }, ''),
  planFor(lab_vm_acceleration, { dir: '/srv/labs/vm', images: '/srv/labs/images', want: 'tcg' }, ''),
  planFor(lab_vm_switch, { dir: '/srv/labs/vm', nodes: [] }, 'can-vde\nvm 7 node9\n'),
  planFor(lab_vm_switch, { dir: '/srv/labs/vm', state: 'absent' }, 'folder\n'),
  planFor(lab_vm, node1, ''),
  planFor(lab_vm, { ...node1, wait: false }, ''),
  planFor(lab_vm, node1, without('forwards')),
  planFor(lab_vm, node1, without('answers')),
  planFor(lab_vm, { ...node1, state: 'stopped' }, 'pid 1'),
  planFor(lab_vm, { ...node1, state: 'absent' }, 'pid 1'),
  planFor(lab_vm_snapshot, { dir: '/srv/labs/vm', name: 'a', vms: [node1] }, ''),
  planFor(
    lab_vm_snapshot,
    { dir: '/srv/labs/vm', name: 'a', vms: [node1], state: 'resumed' },
    'there\nwith tcg\naccel tcg\nhardware node1:1024:1:0\n',
  ),
  planFor(lab_vm_snapshot, { dir: '/srv/labs/vm', name: 'a', vms: [node1], state: 'absent' }, 'there\n'),
]
for (const { description, script } of plans.flatMap((plan) => plan.changes)) scripts[description] = script
for (const [name, fault] of Object.entries<Faults[keyof Faults]>({ ...vmFaults(vmSettings(node1)) }))
  Object.assign(scripts, { [`${name}: inject`]: fault.inject, [`${name}: recover`]: fault.recover })

t.test('no script contains an unresolved value', async (t) => {
  t.ok(Object.keys(scripts).length > 25)
  for (const [name, script] of Object.entries(scripts)) t.notMatch(script, /undefined|\[object|NaN/, name)
})

for (const shell of shells) {
  t.test(`${shell.name} parses every script`, async (t) => {
    const [command, ...args] = shell.argv
    for (const [name, script] of Object.entries(scripts)) {
      const { status, stderr } = spawnSync(command, [...args, '-n'], { input: script, encoding: 'utf8' })
      t.equal(status, 0, `${name}: ${stderr}`)
    }
  })

  t.test(`${shell.name}: lab_vms() finds the QEMU processes of one lab only`, async (t) => {
    const dir = t.testdir({ bin: {} })
    // A recorded output of ps.
    writeFileSync(
      `${dir}/bin/ps`,
      `#!/bin/sh
cat <<'PS'
  101 /usr/bin/qemu-system-x86_64 -name node1 -pidfile /srv/labs/vm/nodes/node1/pid -daemonize
  102 qemu-system-x86_64 -name node11 -pidfile /srv/labs/vm/nodes/node11/pid -daemonize
  103 qemu-system-x86_64 -name node1 -pidfile /srv/labs/vm2/nodes/node1/pid -daemonize
  104 vim /srv/labs/vm/nodes/node1/pid -pidfile /srv/labs/vm/nodes/node1/pid
PS
`,
      { mode: 0o755 },
    )
    const ask = (line: string): string =>
      runIn(shell, `PATH=${dir}/bin:$PATH\n${processFunctions}${line}`).stdout.trim()
    t.equal(ask('lab_vms /srv/labs/vm'), '101 node1\n102 node11')
    t.equal(ask('lab_vm_pid /srv/labs/vm node1'), '101')
    t.equal(ask('lab_vm_pid /srv/labs/vm node2'), '')
  })
}

t.test('cloud-init data is YAML with the key, the user and the addresses', async (t) => {
  const dir = t.testdir({
    id_ed25519: '',
    'id_ed25519.pub': 'ssh-ed25519 AAAAlab labbook\n',
    nodes: {
      node1: {
        'machine-id': '0123',
        ssh: {
          ssh_host_ed25519_key: 'line one\nline two\n',
          'ssh_host_ed25519_key.pub': 'ssh-ed25519 AAAAhost node1\n',
        },
      },
    },
  })
  const vm = { ...vmSettings(node1), dir, cloudImage: '/srv/a.qcow2' }
  const { exitCode, stderr } = runIn(shells[0], `${settingVariables(vm)}${cloudSeed}lab_cloud_seed`)
  t.equal(exitCode, 0, stderr)
  const { parse } = await import('yaml')
  const read = (file: string): unknown => parse(readFileSync(`${dir}/nodes/node1/seed/${file}`, 'utf8'))
  t.match(read('meta-data'), { 'local-hostname': 'node1' })
  t.match(read('user-data'), {
    users: [{ name: 'ops', ssh_authorized_keys: ['ssh-ed25519 AAAAlab labbook'] }],
    ssh_keys: { ed25519_private: 'line one\nline two\n', ed25519_public: 'ssh-ed25519 AAAAhost node1' },
    write_files: [
      {
        path: '/etc/hosts',
        content: /^127\.0\.0\.1 localhost # lab\n10\.78\.0\.11 node1 # lab\n10\.78\.0\.12 node2 # lab\n$/,
      },
    ],
  })
  t.match(read('network-config'), {
    ethernets: { eth1: { match: { macaddress: macOf('lbtest', 'node1', 1) }, addresses: ['10.78.0.11/24'] } },
  })
})

t.test('lab_monitor sends commands in order and fails on an error', async (t) => {
  const socket = `${tmpdir()}/labbook-monitor-${process.pid}`
  const received: string[] = []
  const server = createServer((connection) => {
    connection.write('{"QMP": {}}\n')
    connection.on('data', (chunk) => {
      for (const text of String(chunk).split('\n').filter(Boolean)) {
        const { execute, arguments: args } = JSON.parse(text) as {
          execute: string
          arguments?: Record<string, string>
        }
        if (execute === 'qmp_capabilities') {
          connection.write('{"return": {}}\n')
          continue
        }
        const command = args?.['command-line'] ?? ''
        received.push(command)
        // In two chunks, after an event, as QEMU may send it.
        connection.write('{"event": "STOP"}\n{"ret')
        connection.write(
          `urn": ${JSON.stringify(command.startsWith('savevm full') ? 'Error: No space left\r\n' : command === 'info status' ? 'VM status: running\r\n' : '')}}\n`,
        )
      }
    })
  }).listen(socket)
  t.teardown(() => server.close())
  const ask = (...commands: string[]) =>
    new Promise<{ code: number | null; out: string }>((resolve) => {
      void import('node:child_process').then(({ execFile }) => {
        execFile(
          'sh',
          ['-c', `${monitorFunction}lab_monitor "$@"`, 'sh', socket, ...commands],
          (error, stdout, stderr) =>
            resolve({ code: error === null ? 0 : Number(error.code), out: `${stdout}${stderr}` }),
        )
      })
    })
  t.strictSame(await ask('stop', 'info status', 'cont'), { code: 0, out: 'VM status: running\n' })
  t.strictSame(await ask('stop', 'savevm full', 'cont'), { code: 1, out: 'savevm full: Error: No space left\n' })
  t.strictSame(received, ['stop', 'info status', 'cont', 'stop', 'savevm full'])
  server.close()
  t.match(await ask('stop'), { code: 1, out: /cannot connect to the monitor/ })
})

t.test('the settings of a machine are appended to the initrd as a second archive', async (t) => {
  const dir = t.testdir({
    'id_ed25519.pub': 'ssh-ed25519 AAAAlab labbook\n',
    images: { current: { initrd: 'first', 'disk.raw': '' } },
  })
  mkdirSync(`${dir}/nodes/node1/ssh`, { recursive: true })
  const launch = planFor(lab_vm, { ...node1, dir, images: `${dir}/images`, wait: false }, '').changes[0]?.script ?? ''
  // Stop before the machine starts.
  const { exitCode, stderr } = runIn(
    shells[0],
    launch.replace(/printf '\\n=== [^]*$/, 'exit 0').replace(/qemu-img create [^&]*&& mv[^|]*/, 'true '),
  )
  t.equal(exitCode, 0, stderr)
  const archive = readFileSync(`${dir}/nodes/node1/initrd`)
  t.ok(archive.subarray(0, 11).toString().startsWith('first0707'), 'the initrd of the image comes first')
  const { stdout } = spawnSync(
    'cpio',
    ['-i', '--to-stdout', '--quiet', 'lab/lab-net', 'lab/hostname', 'lab/authorized_keys'],
    { input: archive.subarray(5), encoding: 'utf8' },
  )
  for (const line of ['node1', 'address=10.78.0.11 prefix=24', 'ssh-ed25519 AAAAlab labbook']) t.match(stdout, line)
  t.match(readFileSync(`${dir}/known_hosts`, 'utf8'), /^\[127\.0\.0\.1\]:22100 ssh-ed25519 \S+\n$/)
})
