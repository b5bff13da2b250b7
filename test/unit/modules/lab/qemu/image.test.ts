import t from 'tap'
import { lab_vm_acceleration } from '../../../../../src/modules/lab/qemu/acceleration.ts'
import { lab_vm_image } from '../../../../../src/modules/lab/qemu/image.ts'
import { lab_vm } from '../../../../../src/modules/lab/qemu/vm.ts'
import { affects } from '../../../../../src/execution/predicted-effects.ts'
import { descriptions, planFor } from '../planned.ts'
import { node1 } from './machine.ts'

t.test('lab_vm_acceleration and lab_vm are probed again after lab_vm_image has built the image', async (t) => {
  const { definition } = lab_vm_image
  const changed = definition.sets?.(definition.schema.parse({ path: node1.images }))
  for (const task of [lab_vm_acceleration('it', { dir: node1.dir, images: node1.images }), lab_vm('it', node1)]) {
    t.ok(affects(changed, task.module.reads?.(task.params)), task.module.name)
  }
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
    'an image that another lab has built is replaced by the complete one of this recipe',
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
