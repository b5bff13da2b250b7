import { z } from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import { setContent, setTree, treeAt } from '../support/effects.ts'
import { defineModule } from '../task.ts'

/** What Docker's data may lie on. */
export const STORAGE_DRIVERS = ['overlay2', 'btrfs', 'zfs'] as const

const schema = z
  .strictObject({
    driver: z.enum(STORAGE_DRIVERS),
    /** A disk of its own for Docker's data, which is taken whole: `/dev/vdb`. `btrfs` and `zfs` need one. */
    device: z
      .string()
      .regex(/^\/dev\/[A-Za-z0-9/_-]+$/, 'write the device as /dev/vdb')
      .optional(),
    /** Docker's images, containers and volumes, and what is on the device, may be lost. */
    force: z.boolean().default(false),
  })
  .refine(({ driver, device }) => driver === 'overlay2' || device !== undefined, {
    error: 'btrfs and zfs need a disk of their own: name it as device',
    path: ['device'],
  })
type Params = z.output<typeof schema>

export interface DockerStorage {
  /** The file system that Docker's data is on, as the kernel calls it. */
  readonly filesystem: string
}

/**
 * Docker's data by Docker's own count is more than this module can know while the daemon is down, so the folders are
 * looked at.
 */
const ROOT = '/var/lib/docker'
const ZPOOL = 'docker'

/**
 * The file system below Docker's data, which its storage driver works on: for `btrfs` and `zfs` a disk of its own.
 * Another one begins empty, so where Docker has data already this is refused unless forced. The driver itself is set in
 * daemon.json.
 */
export const docker_storage = defineModule<typeof schema, DockerStorage>({
  name: 'docker_storage',
  schema,
  reads: ({ device }) => [...treeAt(ROOT), '/etc/fstab', ...(device === undefined ? [] : [device])],
  sets: ({ device }) => [
    ...setTree(ROOT),
    ...setContent('/etc/fstab'),
    'unit:docker.service',
    'unit:docker.socket',
    ...(device === undefined ? [] : [device]),
  ],
  title: ({ driver, device }) => `${driver}${device === undefined ? '' : ` on ${device}`}`,
  probe: ({ driver, device = '' }) => sh`
PATH=$PATH:/usr/sbin:/sbin
lb_root=/var/lib/docker lb_device=${device}
[ -d "$lb_root" ] && printf 'filesystem %s\n' "$(awk -v root="$lb_root" '$2 == root { type = $3 } END { print type }' /proc/mounts)"
printf 'source %s\n' "$(awk -v root="$lb_root" '$2 == root { source = $1 } END { print source }' /proc/mounts)"
for lb_kept in containers volumes swarm overlay2 btrfs zfs image; do
  [ -z "$(ls -A "$lb_root/$lb_kept" 2>/dev/null | grep -Evx 'l|backingFsBlockDev|metadata.db|distribution|overlay2|btrfs|zfs')" ] || printf 'data %s\n' "$lb_kept"
done
if [ -n "$lb_device" ]; then
  [ -b "$lb_device" ] || echo no-device
  printf 'on-device %s\n' "$(blkid -p -o value -s TYPE -s PTTYPE "$lb_device" 2>/dev/null | head -n 1)"
  awk -v device="$lb_device" '$1 == device { print "mounted " $2 }' /proc/mounts
fi
case ${driver} in
  btrfs) command -v mkfs.btrfs >/dev/null || echo missing btrfs-progs ;;
  zfs) command -v zpool >/dev/null || echo missing zfsutils-linux ;;
esac
case ${driver} in btrfs|zfs) grep -qw ${driver} /proc/filesystems || modprobe -n -q ${driver} || echo no-kernel ;; esac
true`,
  plan(params, { stdout }): Plan<DockerStorage> {
    const { driver, device, force } = params
    const lines = stdout.split('\n').map((line) => line.split(' '))
    const values = (key: string): string[] => lines.filter(([of]) => of === key).map(([, value = '']) => value)
    const has = (key: string): boolean => values(key).length > 0
    const filesystem = values('filesystem')[0] ?? ''
    const own = filesystem === 'btrfs' || filesystem === 'zfs'
    const right =
      driver === 'overlay2'
        ? device === undefined
          ? !own
          : values('source')[0] === device && !own
        : filesystem === driver
    if (right) return { changes: [], values: { filesystem } }
    if (has('no-kernel'))
      return { changes: [], problem: `this machine's kernel has no ${driver}: use overlay2, or another kernel` }
    if (has('missing'))
      return { changes: [], problem: `${driver} needs the package ${values('missing')[0] ?? ''} on this machine` }
    if (has('no-device')) return { changes: [], problem: `there is no disk ${device ?? ''} on this machine` }
    const data = values('data')
    if (data.length > 0 && !force) {
      return {
        changes: [],
        problem: `Docker has data in ${ROOT} (${data.join(', ')}), which does not go along to ${driver}: save what you need, then set docker_storage_force: true`,
      }
    }
    // Docker's btrfs driver mounts a folder of its own once more, upon itself.
    const [elsewhere] = values('mounted').filter((place) => place !== ROOT && !place.startsWith(`${ROOT}/`))
    if (elsewhere !== undefined)
      return { changes: [], problem: `${device ?? ''} is mounted at ${elsewhere}: unmount it first` }
    const there = values('on-device')[0] ?? ''
    if (there !== '' && !force) {
      return {
        changes: [],
        problem: `${device ?? ''} holds ${there} already: take another disk, or set docker_storage_force: true to lose what is on it`,
      }
    }
    const lost = [
      ...(data.length > 0 ? [`Docker's data in ${ROOT}`] : []),
      ...(there !== '' && force ? [`what is on ${device ?? ''} (${there})`] : []),
    ]
    const description = `put Docker's data on ${device === undefined ? 'the disk of the system' : `${driver === 'overlay2' ? 'ext4' : driver} on ${device}`}${lost.length === 0 ? '' : `, and lose ${lost.join(' and ')}`}`
    return { changes: [{ description, script: move(params) }] }
  },
})

/** Docker is stopped for it, and started by the task that comes for that. */
const move = ({ driver, device }: Params): string => sh`
PATH=$PATH:/usr/sbin:/sbin
systemctl stop docker.socket docker.service 2>/dev/null
tries=0
while awk '$2 ~ "^/var/lib/docker(/|$)" { found = 1 } END { exit !found }' /proc/mounts && [ $tries -lt 50 ]; do
  awk '$2 ~ "^/var/lib/docker(/|$)" { print $2 }' /proc/mounts | sort -r | while read -r place; do umount "$place" 2>/dev/null; done
  sleep 0.1; tries=$((tries + 1))
done
sed -i '/ [/]var[/]lib[/]docker /d' /etc/fstab || exit
! command -v zpool >/dev/null || zpool destroy -f ${ZPOOL} 2>/dev/null
mkdir -p /var/lib/docker && chmod 710 /var/lib/docker || exit
# btrfs keeps what Docker made as subvolumes, which rm may not remove.
rm -rf /var/lib/docker/* 2>/dev/null
device=${device ?? ''}
case ${driver} in
  btrfs) mkfs.btrfs -q -f -L docker "$device" && echo "$device /var/lib/docker btrfs defaults 0 0" >>/etc/fstab && mount -t btrfs "$device" /var/lib/docker ;;
  zfs) modprobe zfs && zpool create -f -m /var/lib/docker ${ZPOOL} "$device" ;;
  overlay2)
    [ -z "$device" ] || { mkfs.ext4 -q -F -L docker "$device" && echo "$device /var/lib/docker ext4 defaults 0 2" >>/etc/fstab && mount -t ext4 "$device" /var/lib/docker; } ;;
esac || exit
systemctl daemon-reload`
