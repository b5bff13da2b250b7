import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t from 'tap'
import { lab_vm_acceleration } from '../../../src/lab/qemu/acceleration.ts'
import { vmFaults } from '../../../src/lab/qemu/faults.ts'
import { lab_vm_image } from '../../../src/lab/qemu/image.ts'
import { qemu } from '../../../src/lab/qemu/provider.ts'
import { cloudSeed } from '../../../src/lab/qemu/scripts/cloud.ts'
import { monitorFunction } from '../../../src/lab/qemu/scripts/monitor.ts'
import { loadVm, macOf, processFunctions, vmSettings } from '../../../src/lab/qemu/scripts/vm.ts'
import { lab_vm_snapshot } from '../../../src/lab/qemu/snapshot.ts'
import { lab_vm_switch } from '../../../src/lab/qemu/switch.ts'
import { lab_vm, vmSetting } from '../../../src/lab/qemu/vm.ts'
import { affects } from '../../../src/run/foreseen.ts'
import { labOf } from '../../../src/lab/lab.ts'
import { runIn, shells } from '../../support/shells.ts'
import { descriptions, planFor } from './support.ts'

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
const without = (...gone: string[]): string => running.filter((line) => !gone.includes(line)).join('\n')

t.test('what runs machines is tried again once their image is made: it may have been asked before', async (t) => {
  const { definition } = lab_vm_image
  const made = definition.sets?.(definition.schema.parse({ path: node1.images }))
  for (const task of [lab_vm_acceleration('it', { dir: node1.dir, images: node1.images }), lab_vm('it', node1)]) {
    t.ok(affects(made, task.module.reads?.(task.params)))
  }
})

t.test('a machine that runs and answers is left alone', async (t) => {
  t.strictSame(planFor(lab_vm, node1, without()), {
    changes: [],
    values: { pid: 4711, known_hosts: '/srv/labs/vm/known_hosts' },
  })
})

t.test('one that is not there is booted; of another shape, anew; ports are changed while it runs', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, node1, '')), [
    'boot node1 (10.78.0.11, 1024 MiB, 1 CPU; SSH on 127.0.0.1:22100)',
  ])
  t.match(descriptions(planFor(lab_vm, { ...node1, memory: '2G', cpus: 2 }, without('shape'))), [
    /^boot anew node1 \(10\.78\.0\.11, 2048 MiB, 2 CPUs/,
  ])
  t.strictSame(descriptions(planFor(lab_vm, node1, without('forwards'))), ['write ports and known_hosts of node1'])
  t.strictSame(descriptions(planFor(lab_vm, node1, without('pinned'))), ['write ports and known_hosts of node1'])
})

t.test('it is waited for, or not', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, node1, without('answers'))), ['wait until node1 answers'])
  t.strictSame(planFor(lab_vm, { ...node1, wait: false }, without('answers')).changes, [])
})

t.test('stopped and absent end what is there, once', async (t) => {
  t.strictSame(descriptions(planFor(lab_vm, { ...node1, state: 'stopped' }, without())), ['end node1'])
  t.strictSame(planFor(lab_vm, { ...node1, state: 'stopped' }, 'folder').changes, [])
  t.strictSame(descriptions(planFor(lab_vm, { ...node1, state: 'absent' }, 'folder')), [
    'end node1 and remove its disk',
  ])
  t.strictSame(planFor(lab_vm, { ...node1, state: 'absent' }, '').changes, [])
})

t.test('what is missing is named, with what makes it', async (t) => {
  t.match(
    planFor(lab_vm, node1, 'missing qemu-system-x86_64\nmissing cpio').problem,
    /needs qemu-system-x86_64, cpio: install the packages/,
  )
  t.equal(planFor(lab_vm, node1, 'no-image').problem, 'no image for node1 in /srv/labs/images: lab_vm_image makes it')
  t.equal(
    planFor(lab_vm, { ...node1, cloud_image: '/srv/a.qcow2' }, 'no-image').problem,
    'no image for node1: /srv/a.qcow2 cannot be read',
  )
  t.match(planFor(lab_vm, node1, 'no-key').problem, /lab_keys makes it/)
  t.match(planFor(lab_vm, node1, 'no-network').problem, /lab_vm_switch and lab_vm_acceleration come first/)
  t.equal(planFor(lab_vm, node1, `no-image\n${without()}`).problem, undefined, 'a machine that runs needs no image')
})

t.test('an image that was made from the same recipe is kept; else it is built, or it is said why not', async (t) => {
  const image = { path: '/srv/labs/images' }
  const built = 'sources 3\nrelease bookworm\nwanted abc\ncurrent abc\ncomplete\n'
  t.strictSame(planFor(lab_vm_image, image, built), { changes: [], values: { path: '/srv/labs/images/abc' } })
  t.strictSame(descriptions(planFor(lab_vm_image, image, built.replace('complete\n', ''))), [
    'build an image of Debian bookworm, bare, in /srv/labs/images',
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
    ['take the image of Debian bookworm, bare, in /srv/labs/images'],
    'another lab has had another made since',
  )
  t.match(
    planFor(lab_vm_image, image, 'missing mmdebstrap\nsources 1\n').problem,
    /without mmdebstrap: install .*or name a cloud image/,
  )
  t.match(planFor(lab_vm_image, image, 'sources 0\n').problem, /apt knows no Debian or Ubuntu archive/)
  t.match(
    planFor(lab_vm_image, image, 'sources 1\nno-namespace\n').problem,
    /without root needs user namespaces: install the package uidmap/,
  )
})

t.test('acceleration is tried unless it is asked for; what was found is kept', async (t) => {
  const { dir, images } = node1
  t.match(descriptions(planFor(lab_vm_acceleration, { dir, images }, '')), [/^try what runs virtual machines here/])
  t.strictSame(planFor(lab_vm_acceleration, { dir, images }, 'name tcg\nwhy kvm: there is no /dev/kvm\n'), {
    changes: [],
    values: { acceleration: 'tcg', why: 'kvm: there is no /dev/kvm' },
  })
  t.match(descriptions(planFor(lab_vm_acceleration, { dir, images, want: 'kvm' }, 'name tcg\nwhy x\n')), [
    /^run virtual machines with kvm, .*those that run with tcg are ended/,
  ])
  t.match(planFor(lab_vm_acceleration, { dir, images }, 'no-image').problem, /lab_vm_image makes it/)
  t.match(planFor(lab_vm_acceleration, { dir, images }, 'missing qemu-system-x86_64').problem, /install QEMU/)
})

t.test('the switch is started, mended, and taken away with all machines', async (t) => {
  const network = { dir: '/srv/labs/vm', nodes: ['node1', 'node2'] }
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\n')), ['start the switch of the lab'])
  t.strictSame(
    planFor(lab_vm_switch, network, 'can-vde\nlink vde\nswitch 12\nfolder\nnode node1\nvm 7 node1\n').changes,
    [],
  )
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\nlink vde\nfolder\nvm 7 node1\n')), [
    'start the switch of the lab; node1 have lost theirs and are ended',
  ])
  t.match(descriptions(planFor(lab_vm_switch, network, '')), [
    /^connect the lab by 239\.255\.\d+\.\d+:2\d{4} on the loopback interface$/,
  ])
  t.strictSame(descriptions(planFor(lab_vm_switch, network, 'can-vde\nlink vde\nswitch 12\nnode node3\n')), [
    'end node3 and remove its disk',
  ])
  t.strictSame(
    descriptions(planFor(lab_vm_switch, { ...network, state: 'absent' }, 'folder\nvm 7 node1\nswitch 12\n')),
    ['end node1, the switch and remove /srv/labs/vm'],
  )
  t.strictSame(planFor(lab_vm_switch, { ...network, state: 'absent' }, '').changes, [])
  t.notOk(
    lab_vm_switch.definition.schema.safeParse({ dir: `/srv/${'x'.repeat(80)}` }).success,
    'a folder whose sockets would have too long a path',
  )
})

t.test('a snapshot is made once, of machines that run, and brought back to the same ones', async (t) => {
  const snapshot = { dir: '/srv/labs/vm', name: 'ready', vms: [node1] }
  t.strictSame(descriptions(planFor(lab_vm_snapshot, snapshot, '')), ['keep memory and disks of node1 as ready'])
  t.strictSame(planFor(lab_vm_snapshot, snapshot, 'there\n').changes, [])
  t.match(planFor(lab_vm_snapshot, snapshot, 'down node1\n').problem, /node1 does not run/)
  const seen = 'there\nwith tcg\nhardware node1:1024:1:0\naccel tcg\nknown ready\n'
  t.strictSame(descriptions(planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, seen)), [
    'bring node1 back to ready',
  ])
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, 'known a\nknown b\n').problem,
    /there is no snapshot ready; there are a, b/,
  )
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, seen.replace('1024', '2048')).problem,
    /was made of other machines/,
  )
  t.match(
    planFor(lab_vm_snapshot, { ...snapshot, state: 'resumed' }, seen.replace('with tcg', 'with kvm')).problem,
    /made with kvm, and machines run with tcg/,
  )
  t.strictSame(descriptions(planFor(lab_vm_snapshot, { ...snapshot, state: 'absent' }, seen)), [
    'delete the snapshot ready',
  ])
  t.notOk(lab_vm_snapshot.definition.schema.safeParse({ ...snapshot, name: 'a b' }).success)
})

t.test("each card of each machine has an address of its own, which is local and no group's", async (t) => {
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
  parts: qemu.parts(lab),
  list: qemu.snapshots?.list(lab) ?? '',
  load: loadVm(vmSetting(node1), 'a'),
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
for (const [name, fault] of Object.entries(vmFaults(vmSetting(node1))))
  Object.assign(scripts, { [`${name}: make`]: fault.make, [`${name}: mend`]: fault.mend })

t.test('no script holds what a template did not know', async (t) => {
  t.ok(Object.keys(scripts).length > 25)
  for (const [name, script] of Object.entries(scripts)) t.notMatch(script, /undefined|\[object|NaN/, name)
})

for (const shell of shells) {
  t.test(`${shell.name} can read every script`, async (t) => {
    const [command, ...args] = shell.argv
    for (const [name, script] of Object.entries(scripts)) {
      const { status, stderr } = spawnSync(command, [...args, '-n'], { input: script, encoding: 'utf8' })
      t.equal(status, 0, `${name}: ${stderr}`)
    }
  })

  t.test(`${shell.name}: QEMU's processes are told by the lab they belong to`, async (t) => {
    const dir = t.testdir({ bin: {} })
    // What ps prints, as recorded; nothing else of the machine is asked.
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

t.test('what cloud-init reads is YAML with the key, the user and the addresses', async (t) => {
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
  const vm = { ...vmSetting(node1), dir, cloudImage: '/srv/a.qcow2' }
  const { exitCode, stderr } = runIn(shells[0], `${vmSettings(vm)}${cloudSeed}lab_cloud_seed`)
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

t.test('the monitor is told one command after the other, and an error is one', async (t) => {
  const socket = `${tmpdir()}/labbook-monitor-${process.pid}`
  const told: string[] = []
  const server = createServer((line) => {
    line.write('{"QMP": {}}\n')
    line.on('data', (chunk) => {
      for (const text of String(chunk).split('\n').filter(Boolean)) {
        const { execute, arguments: given } = JSON.parse(text) as {
          execute: string
          arguments?: Record<string, string>
        }
        if (execute === 'qmp_capabilities') {
          line.write('{"return": {}}\n')
          continue
        }
        const command = given?.['command-line'] ?? ''
        told.push(command)
        // In two pieces, with an event before it, as QEMU does at times.
        line.write('{"event": "STOP"}\n{"ret')
        line.write(
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
  t.strictSame(told, ['stop', 'info status', 'cont', 'stop', 'savevm full'])
  server.close()
  t.match(await ask('stop'), { code: 1, out: /the monitor cannot be reached/ })
})

t.test('all that makes one machine of the shared image comes as a second archive behind the first', async (t) => {
  const dir = t.testdir({
    'id_ed25519.pub': 'ssh-ed25519 AAAAlab labbook\n',
    images: { current: { initrd: 'first', 'disk.raw': '' } },
  })
  mkdirSync(`${dir}/nodes/node1/ssh`, { recursive: true })
  const launch = planFor(lab_vm, { ...node1, dir, images: `${dir}/images`, wait: false }, '').changes[0]?.script ?? ''
  // Up to where the machine is started.
  const { exitCode, stderr } = runIn(
    shells[0],
    launch.replace(/printf '\\n=== [^]*$/, 'exit 0').replace(/qemu-img create [^&]*&& mv[^|]*/, 'true '),
  )
  t.equal(exitCode, 0, stderr)
  const archive = readFileSync(`${dir}/nodes/node1/initrd`)
  t.ok(archive.subarray(0, 11).toString().startsWith('first0707'), 'the first comes first')
  const { stdout } = spawnSync(
    'cpio',
    ['-i', '--to-stdout', '--quiet', 'lab/lab-net', 'lab/hostname', 'lab/authorized_keys'],
    { input: archive.subarray(5), encoding: 'utf8' },
  )
  for (const line of ['node1', 'address=10.78.0.11 prefix=24', 'ssh-ed25519 AAAAlab labbook']) t.match(stdout, line)
  t.match(readFileSync(`${dir}/known_hosts`, 'utf8'), /^\[127\.0\.0\.1\]:22100 ssh-ed25519 \S+\n$/)
})
