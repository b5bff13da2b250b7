import { spawnSync } from 'node:child_process'
import t from 'tap'
import { docker_storage } from '../../../../src/modules/docker/storage.ts'
import { shells } from '../../../support/shells.ts'

const planFor = (params: { driver: 'overlay2' | 'btrfs' | 'zfs'; device?: string; force?: boolean }, stdout: string) =>
  docker_storage.definition.plan(
    docker_storage.definition.schema.parse(params),
    { stdout, stderr: '', exitCode: 0 },
    {},
    {},
  )
const said = (...args: Parameters<typeof planFor>): string[] =>
  planFor(...args).changes.map(({ description }) => description)
const btrfs = { driver: 'btrfs', device: '/dev/vdb' } as const

t.test('storage in the desired state needs no change', async (t) => {
  t.strictSame(planFor({ driver: 'overlay2' }, 'filesystem \nsource \ndata image\n'), {
    changes: [],
    values: { filesystem: '' },
  })
  t.strictSame(planFor(btrfs, 'filesystem btrfs\nsource /dev/vdb\ndata btrfs\n'), {
    changes: [],
    values: { filesystem: 'btrfs' },
  })
  t.strictSame(said({ driver: 'overlay2', device: '/dev/vdb' }, 'filesystem ext4\nsource /dev/vdb\n'), [])
})

t.test('an empty disk is used', async (t) => {
  t.strictSame(said(btrfs, 'filesystem \nsource \non-device \n'), ['set up /var/lib/docker on btrfs on /dev/vdb'])
  t.strictSame(said({ driver: 'zfs', device: '/dev/vdb' }, 'on-device \n'), [
    'set up /var/lib/docker on zfs on /dev/vdb',
  ])
  t.strictSame(said({ driver: 'overlay2', device: '/dev/vdb' }, 'filesystem \nsource \n'), [
    'set up /var/lib/docker on ext4 on /dev/vdb',
  ])
})

t.test('existing data is an error, unless forced', async (t) => {
  const seen = 'filesystem \nsource \ndata containers\ndata image\non-device \n'
  t.match(planFor(btrfs, seen), {
    changes: [],
    problem: /^Docker has data in \/var\/lib\/docker \(containers, image\).*docker_storage_force: true$/,
  })
  t.strictSame(said({ ...btrfs, force: true }, seen), [
    "set up /var/lib/docker on btrfs on /dev/vdb, erasing Docker's data in /var/lib/docker",
  ])
  t.match(
    planFor({ driver: 'overlay2' }, 'filesystem btrfs\nsource /dev/vdb\ndata btrfs\n').problem,
    /the switch to overlay2 would delete/,
  )
})

t.test('a disk with other content is an error, unless forced', async (t) => {
  t.match(planFor(btrfs, 'on-device xfs\n').problem, /^\/dev\/vdb contains xfs/)
  t.strictSame(said({ ...btrfs, force: true }, 'on-device xfs\n'), [
    'set up /var/lib/docker on btrfs on /dev/vdb, erasing /dev/vdb (xfs)',
  ])
  t.strictSame(
    said(
      { driver: 'overlay2', device: '/dev/vdb', force: true },
      'filesystem btrfs\nsource /dev/vdb\ndata btrfs\non-device btrfs\nmounted /var/lib/docker\nmounted /var/lib/docker/btrfs\n',
    ),
    ["set up /var/lib/docker on ext4 on /dev/vdb, erasing Docker's data in /var/lib/docker and /dev/vdb (btrfs)"],
    'mounts of Docker are no other content',
  )
  t.match(
    planFor({ ...btrfs, force: true }, 'on-device ext4\nmounted /srv\n').problem,
    /^\/dev\/vdb is mounted at \/srv/,
  )
})

t.test('docker_storage reports impossible requests', async (t) => {
  t.match(planFor(btrfs, 'no-kernel\n').problem, /kernel does not support btrfs/)
  t.match(planFor(btrfs, 'missing btrfs-progs\n').problem, /package btrfs-progs/)
  t.match(planFor(btrfs, 'no-device\n').problem, /device \/dev\/vdb does not exist/)
  t.notOk(docker_storage.definition.schema.safeParse({ driver: 'btrfs' }).success, 'btrfs needs a disk')
  t.notOk(docker_storage.definition.schema.safeParse({ driver: 'aufs' }).success)
})

for (const {
  name,
  argv: [command, ...args],
} of shells) {
  t.test(`${name} can parse the scripts of docker_storage`, async (t) => {
    const scripts = [
      docker_storage.definition.probe(docker_storage.definition.schema.parse(btrfs), {}),
      ...(['overlay2', 'btrfs', 'zfs'] as const).flatMap((driver) =>
        planFor({ driver, device: '/dev/vdb' }, 'filesystem other\n').changes.map(({ script }) => script),
      ),
    ]
    t.equal(scripts.length, 4)
    for (const script of scripts)
      t.strictSame(
        [spawnSync(command, [...args, '-n'], { input: script, encoding: 'utf8' }).stderr, /undefined/.test(script)],
        ['', false],
        script.slice(0, 60),
      )
  })
}
