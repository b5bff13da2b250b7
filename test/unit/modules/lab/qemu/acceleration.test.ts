import t from 'tap'
import { lab_vm_acceleration } from '../../../../../src/modules/lab/qemu/acceleration.ts'
import { descriptions, planFor } from '../planned.ts'
import { node1 } from './machine.ts'

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
