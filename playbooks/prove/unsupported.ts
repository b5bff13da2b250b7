import { projectLab } from '../lab/lab.ts'
import { type LabSetupContext } from '../messages/say.ts'
import { DISK_TEST, NETEM_TEST } from './experiments/node-faults.ts'
import type { ExperimentKind } from './kinds.ts'
import type { Session } from './session.ts'

type On = Pick<LabSetupContext, 'exec' | 'groups' | 'hostvars'>

const CONTROLLER = 'controller'

/** Experiments that the nodes do not support, and why. */
export async function unsupportedKinds(on: On, kinds: readonly ExperimentKind[]): Promise<Session['unsupported']> {
  const worker = on.groups.swarm_workers?.at(-1)
  if (worker === undefined) return {}
  const reasons: Partial<Record<ExperimentKind, (on: On, worker: string) => Promise<string | undefined>>> = {
    'slow-network': withoutNetem,
    'clock-step': withoutClock,
    'full-disk': withoutDisk,
  }
  const unsupported: Partial<Record<ExperimentKind, string>> = {}
  for (const kind of kinds) {
    const reason = await reasons[kind]?.(on, worker)
    if (reason !== undefined) unsupported[kind] = reason
  }
  return unsupported
}

async function withoutNetem(on: On, worker: string): Promise<string | undefined> {
  const { exitCode, stdout } = await on.exec({ host: worker, command: NETEM_TEST })
  return exitCode === 0 ? undefined : `the kernel has no netem (${stdout.trim().split('\n')[0] ?? ''})`
}

/**
 * The boot ID is the same on machines that share a kernel, and so a clock. The second line names a container, because
 * systemd-nspawn invents a boot ID for each.
 */
const KERNEL = 'cat /proc/sys/kernel/random/boot_id; systemd-detect-virt --container 2>/dev/null; true'

const nameOf = (other: string | undefined): string =>
  other === undefined ? 'the host of the container' : other === CONTROLLER ? 'this machine' : other

async function withoutClock(on: On, worker: string): Promise<string | undefined> {
  const machines = new Map<string, string>()
  for (const host of [CONTROLLER, ...(on.groups.swarm ?? [])]) {
    const [id = '', container = 'none'] = (await on.exec({ host, command: KERNEL })).stdout.trim().split('\n')
    const other = machines.get(id)
    if (id === '') return `the boot ID of ${host} cannot be read, so its clock may be that of another machine`
    if (other !== undefined || (host !== CONTROLLER && container !== 'none'))
      return `${host} shares the kernel, and so the clock, with ${nameOf(other)} (use virtual machines: lab_provider: qemu)`
    machines.set(id, host)
  }
  const { stdout } = await on.exec({ host: worker, command: 'timedatectl show -p NTP -p NTPSynchronized 2>/dev/null' })
  // The clock counts as synchronised for hours after NTP is stopped.
  return /^NTP=yes$/m.test(stdout) && /^NTPSynchronized=yes$/m.test(stdout)
    ? `NTP sets the clock of ${worker} right: stop it there (timedatectl set-ntp false)`
    : undefined
}

async function withoutDisk(on: On, worker: string): Promise<string | undefined> {
  if (projectLab(on)?.provider !== 'namespaces') return undefined
  const { stdout } = await on.exec({ host: worker, command: DISK_TEST })
  const own = await on.exec({ host: CONTROLLER, command: 'stat -c %d / /var /var/lib /tmp 2>/dev/null' })
  return stdout.trim() === '' || own.stdout.split('\n').includes(stdout.trim())
    ? 'nodes of this lab share the disk of this machine (set lab_disk)'
    : undefined
}
