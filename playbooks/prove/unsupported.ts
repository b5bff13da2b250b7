import { type MessageValue, type Message } from 'labbook'
import { projectLab } from '../lab/lab.ts'
import { type LabSetupContext, say } from '../messages/say.ts'
import { DISK_TEST, NETEM_TEST } from '../methods/node-faults.ts'
import type { ExperimentKind } from './kinds.ts'
import type { Session } from './session.ts'

type On = Pick<LabSetupContext, 'exec' | 'groups' | 'hostvars'>

const CONTROLLER = 'controller'

type Reason = (on: On, worker: string) => Promise<Message | undefined>

/** Experiments that the nodes do not support, and why. Any worker may be disturbed, so all are asked. */
export async function unsupportedKinds(on: On, kinds: readonly ExperimentKind[]): Promise<Session['unsupported']> {
  const workers = on.groups.swarm_workers ?? []
  const ofEach = (reason: Reason) => async (): Promise<Message | undefined> => {
    for (const worker of workers) {
      const why = await reason(on, worker)
      if (why !== undefined) return why
    }
    return undefined
  }
  const reasons: Partial<Record<ExperimentKind, () => Promise<Message | undefined>>> = {
    'slow-network': ofEach(withoutNetem),
    'clock-step': async () => (await sharedClock(on)) ?? (await ofEach(withNtp)()),
    'full-disk': ofEach(withoutDisk),
  }
  const unsupported: Partial<Record<ExperimentKind, Message>> = {}
  if (workers.length === 0) return unsupported
  for (const kind of kinds) {
    const reason = await reasons[kind]?.()
    if (reason !== undefined) unsupported[kind] = reason
  }
  return unsupported
}

async function withoutNetem(on: On, worker: string): Promise<Message | undefined> {
  const { exitCode, stdout } = await on.exec({ host: worker, command: NETEM_TEST })
  return exitCode === 0
    ? undefined
    : say('the kernel of {node} has no netem ({error})', {
        node: worker,
        error: stdout.trim().split('\n')[0] ?? '',
      })
}

/**
 * The boot ID is the same on machines that share a kernel, and so a clock. The second line names a container, because
 * systemd-nspawn invents a boot ID for each.
 */
const KERNEL = 'cat /proc/sys/kernel/random/boot_id; systemd-detect-virt --container 2>/dev/null; true'

/** The boot ID of a machine; empty: it cannot be read. */
async function kernelOf(on: On, host: string): Promise<{ readonly id: string; readonly isContainer: boolean }> {
  const [id = '', container = 'none'] = (await on.exec({ host, command: KERNEL })).stdout.trim().split('\n')
  return { id, isContainer: container !== 'none' }
}

const nameOf = (other: string | undefined): MessageValue =>
  other === undefined ? say('the host of the container') : other === CONTROLLER ? say('this machine') : other

async function sharedClock(on: On): Promise<Message | undefined> {
  const machines = new Map<string, string>()
  for (const host of [CONTROLLER, ...(on.groups.swarm ?? [])]) {
    const { id, isContainer } = await kernelOf(on, host)
    const other = machines.get(id)
    if (id === '')
      return say('the boot ID of {host} cannot be read, so its clock may be that of another machine', { host })
    if (other !== undefined || (host !== CONTROLLER && isContainer))
      return say(
        '{host} shares the kernel, and so the clock, with {other} (use virtual machines: lab_provider: qemu)',
        { host, other: nameOf(other) },
      )
    machines.set(id, host)
  }
  return undefined
}

async function withNtp(on: On, worker: string): Promise<Message | undefined> {
  const { stdout } = await on.exec({ host: worker, command: 'timedatectl show -p NTP -p NTPSynchronized 2>/dev/null' })
  // The clock counts as synchronised for hours after NTP is stopped.
  return /^NTP=yes$/m.test(stdout) && /^NTPSynchronized=yes$/m.test(stdout)
    ? say('NTP sets the clock of {node} right: stop it there (timedatectl set-ntp false)', { node: worker })
    : undefined
}

/** Devices of the directories that matter to this machine. */
const OWN_DISKS = 'stat -c %d / /home /root /tmp /var /var/lib /var/lib/docker 2>/dev/null'

/** With others, a directory may share a disk although its device number differs: Btrfs, ZFS, overlays, memory. */
const ONE_DEVICE = ['ext2/ext3', 'xfs']

/** A machine with another kernel has separate disks, unless it is a container. */
async function withoutDisk(on: On, worker: string): Promise<Message | undefined> {
  const here = await kernelOf(on, CONTROLLER)
  const there = await kernelOf(on, worker)
  const mayShare = there.id === '' || there.id === here.id || there.isContainer
  if (!mayShare && projectLab(on)?.provider !== 'namespaces') return undefined
  const [device = '', type = ''] = (await on.exec({ host: worker, command: DISK_TEST })).stdout.trim().split('\n')
  const own = await on.exec({ host: CONTROLLER, command: OWN_DISKS })
  if (device === '' || own.stdout.split('\n').includes(device))
    return say('{node} shares a disk with this machine (in a lab of namespaces: set lab_disk)', { node: worker })
  return ONE_DEVICE.includes(type)
    ? undefined
    : say("Docker's data on {node} is on {type}, which may share a disk with this machine: use ext4 or xfs", {
        node: worker,
        type,
      })
}
