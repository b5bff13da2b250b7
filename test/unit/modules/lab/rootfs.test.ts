import t from 'tap'
import { lab_rootfs } from '../../../../src/modules/lab/rootfs.ts'
import { descriptions, planFor } from './planned.ts'

const rootfs = { path: '/srv/labs/rootfs' }

const built = 'sources 3\nwanted abc\ncurrent abc\ncomplete\n'

await t.test('lab_rootfs keeps a root with the same recipe', async (t) => {
  t.strictSame(planFor(lab_rootfs, rootfs, built), { changes: [], values: { path: '/srv/labs/rootfs/abc' } })
})

await t.test('lab_rootfs builds a missing, partial or outdated root', async (t) => {
  const states = {
    missing: 'sources 3\nwanted abc\ncurrent \n',
    partial: built.replace('complete\n', ''),
    outdated: built.replace('current abc', 'current old'),
  }
  for (const [state, facts] of Object.entries(states)) {
    t.match(
      descriptions(planFor(lab_rootfs, rootfs, facts)),
      [/^build a Debian root file system with openssh-server, .* in \/srv\/labs\/rootfs$/],
      `${state} root`,
    )
  }
})

await t.test('lab_rootfs links a root that was built before', async (t) => {
  t.strictSame(
    descriptions(planFor(lab_rootfs, { ...rootfs, release: 'trixie' }, 'sources 3\nwanted abc\nbuilt\ncurrent old\n')),
    ['link /srv/labs/rootfs/current to the Debian trixie root file system abc'],
  )
})

await t.test('lab_rootfs builds a root of another release, which has another recipe', async (t) => {
  t.match(
    descriptions(planFor(lab_rootfs, { ...rootfs, release: 'trixie' }, built.replace('current abc', 'current x'))),
    [/^build a Debian trixie root file system with /],
  )
  const probe = (release?: string) =>
    lab_rootfs.definition.probe(lab_rootfs.definition.schema.parse({ ...rootfs, release }), {})
  t.match(probe('trixie'), /"trixie"; lab_release_sources "trixie"/)
  t.match(probe(), /"\$\(lab_codename\)"; lab_release_sources "\$\(lab_codename\)"/)
})

await t.test('lab_rootfs names what a build lacks', async (t) => {
  t.match(
    planFor(lab_rootfs, rootfs, 'missing mmdebstrap\nsources 3\n').problem,
    /missing mmdebstrap: install the packages mmdebstrap/,
  )
  t.match(planFor(lab_rootfs, rootfs, 'sources 0\nwanted abc\n').problem, /apt has no Debian or Ubuntu archive/)
})
