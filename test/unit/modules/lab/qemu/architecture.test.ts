import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { lab_vm_acceleration } from '../../../../../src/modules/lab/qemu/acceleration.ts'
import { imageRecipe } from '../../../../../src/modules/lab/qemu/scripts/image.ts'
import { lab_vm } from '../../../../../src/modules/lab/qemu/vm.ts'
import { runIn, shells } from '../../../../support/shells.ts'
import { planFor } from '../planned.ts'
import { node1 } from './machine.ts'

/** A PATH whose `uname -m` and `dpkg --print-architecture` answer so, without QEMU. */
function machineWith(t: Test, uname: string, dpkg: string): NodeJS.ProcessEnv {
  const bin = t.testdir()
  const answer = (name: string, text: string): void => {
    writeFileSync(`${bin}/${name}`, `#!/bin/sh\necho ${text}\n`)
    chmodSync(`${bin}/${name}`, 0o755)
  }
  answer('uname', uname)
  answer('dpkg', dpkg)
  for (const name of ['sed', 'tr', 'cat', 'grep', 'cut', 'sh', 'dash', 'bash', 'busybox', 'ps', 'awk', 'sha256sum'])
    symlinkSync(spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim(), `${bin}/${name}`)
  return { PATH: bin }
}

const MACHINES = [
  { uname: 'x86_64', dpkg: 'amd64', qemu: 'qemu-system-x86_64', package: 'qemu-system-x86', kernel: 'cloud-amd64' },
  { uname: 'aarch64', dpkg: 'arm64', qemu: 'qemu-system-aarch64', package: 'qemu-system-arm', kernel: 'cloud-arm64' },
  // macOS, which has no dpkg.
  { uname: 'arm64', dpkg: 'arm64', qemu: 'qemu-system-aarch64', package: 'qemu-system-arm', kernel: 'cloud-arm64' },
]

for (const shell of shells) {
  await t.test(`${shell.name}: QEMU and the kernel are those of the machine's architecture`, async (t) => {
    for (const { uname, dpkg, qemu, package: name, kernel } of MACHINES) {
      const env = machineWith(t, uname, dpkg)
      const parsed = lab_vm.definition.schema.parse(node1)
      const probes = {
        lab_vm: lab_vm.definition.probe(parsed, {}),
        lab_vm_acceleration: lab_vm_acceleration.definition.probe(
          lab_vm_acceleration.definition.schema.parse({ dir: node1.dir, images: node1.images }),
          {},
        ),
      }
      for (const [module, probe] of Object.entries(probes))
        t.match(runIn(shell, probe, { env }).stdout, new RegExp(`^missing ${qemu}$`, 'm'), `${uname}: ${module}`)
      t.match(
        [
          planFor(lab_vm, node1, `missing ${qemu}\n`).problem,
          planFor(lab_vm_acceleration, { dir: node1.dir, images: node1.images }, `missing ${qemu}\n`).problem,
        ],
        [new RegExp(`packages ${name},`), new RegExp(`Debian: ${name},`)],
        `${uname}: the package to install`,
      )
      for (const [id, expected] of Object.entries({ debian: `linux-image-${kernel}`, ubuntu: 'linux-image-generic' })) {
        const functions = imageRecipe([], 'trixie').replaceAll('/etc/os-release', `${env.PATH}/${id}`)
        writeFileSync(`${env.PATH}/${id}`, `ID=${id}\n`)
        t.equal(runIn(shell, `${functions}\nlab_kernel`, { env }).stdout.trim(), expected, `${dpkg}: kernel of ${id}`)
      }
    }
  })
}
