import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import t, { type Test } from 'tap'
import { lab_keys } from '../../src/modules/lab/keys.ts'
import { stateDirectory } from '../../src/values/directories.ts'
import { lab_vm_acceleration } from '../../src/modules/lab/qemu/acceleration.ts'
import { vmFaults } from '../../src/lab/qemu/faults.ts'
import { lab_vm_image } from '../../src/modules/lab/qemu/image.ts'
import { lab_vm_snapshot } from '../../src/modules/lab/qemu/snapshot.ts'
import { lab_vm_switch } from '../../src/modules/lab/qemu/switch.ts'
import { lab_vm, vmSettings } from '../../src/modules/lab/qemu/vm.ts'
import { converge, assertConverges, runIn, shells } from '../support/shells.ts'
import { story } from '../support/story.ts'
import { processesOf, sshTo } from './machine.ts'

/*
 * One virtual machine under software emulation: create, connect, inject faults, snapshot, remove. Keeps the image.
 */

const [dash] = shells
const dir = `${tmpdir()}/labbook-vm-test`
const images = `${stateDirectory()}/images`
const PORT = 25_900
const vm = {
  lab: 'lbone',
  dir,
  images,
  name: 'node1',
  address: '10.78.0.11',
  nodes: [
    { name: 'node1', address: '10.78.0.11' },
    { name: 'node2', address: '10.78.0.12' },
  ],
  memory: '512M',
  disk: '6G',
  ssh_port: PORT,
  forwards: [{ guest: 8080, host: PORT + 1 }],
}
const ssh = sshTo(dir, PORT)
const faults = vmFaults(vmSettings(vm))

/** Runs a script of a fault, like the experiments. */
function does(t: Test, script: string): void {
  const { exitCode, stderr } = runIn(dash, script)
  t.equal(exitCode, 0, stderr)
}
const get = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, timeout: 20_000 }, (answer) => {
        let body = ''
        answer.on('data', (chunk) => {
          body += String(chunk)
        })
        answer.on('end', () => resolve(body))
      })
      .on('error', reject)
  })
const takeDown = (): void => void converge(dash, lab_vm_switch, { dir, state: 'absent' })

const step = story(t)
const UP = 'a machine starts and answers OpenSSH with a pinned host key'

takeDown()
t.teardown(takeDown)

await step(UP, (t) => {
  assertConverges(t, lab_keys, { dir })
  assertConverges(t, lab_vm_image, { path: images })
  assertConverges(t, lab_vm_acceleration, { dir, images, want: 'tcg' })
  t.match(assertConverges(t, lab_vm_switch, { dir, nodes: ['node1'] }), [/^(start the switch|connect the nodes)/])
  t.match(assertConverges(t, lab_vm, vm), [/^boot node1 \(10\.78\.0\.11, 512 MiB, 1 CPU; SSH on 127\.0\.0\.1:25900\)$/])
  t.equal(ssh.run('hostname; sudo id -u; getent hosts node2').replace(/\s+/g, ' '), 'node1 0 10.78.0.12 node2')
  t.match(ssh.run('ip -4 -o addr show eth1'), '10.78.0.11/24')
  t.ok(Number(ssh.run('df --output=size / | tail -n 1')) > 5 * 2 ** 20, 'the disk has the requested size')
  t.equal(
    ssh.run('sudo modprobe ip_vs && test -d /proc/sys/net/ipv4/vs && echo IPVS'),
    'IPVS',
    'the machine has its own kernel, with IPVS',
  )
})

await step(
  'a second run of lab_vm changes nothing, and a new port is forwarded at run time',
  async (t) => {
    const pid = readFileSync(`${dir}/nodes/node1/pid`, 'utf8')
    t.strictSame(assertConverges(t, lab_vm, vm), [])
    t.strictSame(assertConverges(t, lab_vm, { ...vm, forwards: [...vm.forwards, { guest: 8000, host: PORT + 2 }] }), [
      'update port forwards and known_hosts of node1',
    ])
    t.strictSame(assertConverges(t, lab_vm, vm), ['update port forwards and known_hosts of node1'])
    t.equal(readFileSync(`${dir}/nodes/node1/pid`, 'utf8'), pid, 'the machine has not been restarted')
    ssh.run(
      'mkdir /tmp/web && echo from within >/tmp/web/index.html && sudo systemd-run -q --unit web busybox httpd -f -p 8080 -h /tmp/web; ' +
        'for try in $(seq 600); do curl -sf -o /dev/null http://127.0.0.1:8080/ && exit; sleep 0.2; done; exit 1',
    )
    t.match(await get(PORT + 1), 'from within')
  },
  [UP],
)

await step(
  'a snapshot restores memory; a partition and a power loss take effect and recover',
  (t) => {
    ssh.run('echo remembered | sudo tee /dev/shm/word')
    t.strictSame(
      converge(dash, lab_vm_snapshot, { dir, name: 'first', vms: [vm] }).applied.map(({ exitCode, stderr }) => [
        exitCode,
        stderr,
      ]),
      [[0, '']],
    )
    ssh.run('sudo rm /dev/shm/word')
    t.strictSame(
      converge(dash, lab_vm_snapshot, { dir, name: 'first', vms: [vm], state: 'resumed' }).applied.map(
        ({ exitCode, stderr }) => [exitCode, stderr],
      ),
      [[0, '']],
    )
    t.equal(ssh.run('cat /dev/shm/word'), 'remembered')
    const pid = readFileSync(`${dir}/nodes/node1/pid`, 'utf8')
    does(t, faults.partition.inject)
    t.notOk(ssh.answers())
    does(t, faults.partition.recover)
    t.ok(ssh.answers())
    t.equal(readFileSync(`${dir}/nodes/node1/pid`, 'utf8'), pid, 'the machine kept running during the partition')
    ssh.run('sudo touch /root/kept && sync')
    does(t, faults.powerLoss.inject)
    t.strictSame(processesOf(dir).length, 1, 'only the switch runs after a power loss')
    does(t, faults.powerLoss.recover)
    t.equal(ssh.run('sudo ls /root/kept; ls /dev/shm'), '/root/kept', 'a power loss keeps the disk, not the memory')
    t.match(
      readFileSync(`${dir}/nodes/node1/console.log`, 'utf8'),
      /=== .* starts node1 ===[^]*=== .* starts node1 ===/,
      'the console log is kept',
    )
  },
  [UP],
)

await step('the removal of the lab removes the machine, the switch and all files', (t) => {
  t.match(assertConverges(t, lab_vm_switch, { dir, state: 'absent' }), [/^stop node1, the switch and remove /])
  t.notOk(existsSync(dir))
  t.strictSame(processesOf(dir), [])
})
