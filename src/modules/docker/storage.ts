import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import { setContent, setTree, treeAt } from '../support/effects.ts'
import { defineModule } from '../task.ts'

/** Supported storage drivers. */
export const STORAGE_DRIVERS = ['overlay2', 'btrfs', 'zfs'] as const

const schema = z
  .strictObject({
    driver: z.enum(STORAGE_DRIVERS),
    /** Dedicated disk for Docker's data, all of which is used: `/dev/vdb`. Required for `btrfs` and `zfs`. */
    device: z
      .string()
      .regex(/^\/dev\/[A-Za-z0-9/_-]+$/, 'must be a device path such as /dev/vdb')
      .optional(),
    /** Allow the loss of Docker's images, containers and volumes, and of the data on the device. */
    force: z.boolean().default(false),
  })
  .refine(({ driver, device }) => driver === 'overlay2' || device !== undefined, {
    error: 'driver: btrfs and driver: zfs require device',
    path: ['device'],
  })
type Params = z.output<typeof schema>

export interface DockerStorage {
  /** File system of Docker's data directory, as the kernel names it. */
  readonly filesystem: string
}

/** The directories are inspected, as the daemon may be down. */
const ROOT = '/var/lib/docker'
const ZPOOL = 'docker'

/**
 * Sets up the file system for Docker's storage driver: a dedicated disk for `btrfs` and `zfs`. A new file system is
 * empty, so if Docker already has data this fails unless forced. The driver itself is set in daemon.json.
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
    const dedicated = filesystem === 'btrfs' || filesystem === 'zfs'
    const isDesired =
      driver === 'overlay2'
        ? device === undefined
          ? !dedicated
          : values('source')[0] === device && !dedicated
        : filesystem === driver
    if (isDesired) return { changes: [], values: { filesystem } }
    if (has('no-kernel'))
      return { changes: [], problem: `the kernel does not support ${driver}: use overlay2 or another kernel` }
    if (has('missing')) return { changes: [], problem: `${driver} requires the package ${values('missing')[0] ?? ''}` }
    if (has('no-device')) return { changes: [], problem: `device ${device ?? ''} does not exist` }
    const data = values('data')
    if (data.length > 0 && !force) {
      return {
        changes: [],
        problem: `Docker has data in ${ROOT} (${data.join(', ')}), which the switch to ${driver} would delete: back it up, then set docker_storage_force: true`,
      }
    }
    // Docker's btrfs driver mounts a directory onto itself.
    const [otherMount] = values('mounted').filter((place) => place !== ROOT && !place.startsWith(`${ROOT}/`))
    if (otherMount !== undefined)
      return { changes: [], problem: `${device ?? ''} is mounted at ${otherMount}: unmount it first` }
    const existing = values('on-device')[0] ?? ''
    if (existing !== '' && !force) {
      return {
        changes: [],
        problem: `${device ?? ''} contains ${existing}: use another disk, or set docker_storage_force: true to erase it`,
      }
    }
    const erased = [
      ...(data.length > 0 ? [`Docker's data in ${ROOT}`] : []),
      ...(existing !== '' && force ? [`${device ?? ''} (${existing})`] : []),
    ]
    const description = `set up ${ROOT} on ${device === undefined ? 'the system disk' : `${driver === 'overlay2' ? 'ext4' : driver} on ${device}`}${erased.length === 0 ? '' : `, erasing ${erased.join(' and ')}`}`
    return { changes: [{ description, script: moveScript(params) }] }
  },
})

/** Stops Docker; a later task starts it. */
const moveScript = ({ driver, device }: Params): string => sh`
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
