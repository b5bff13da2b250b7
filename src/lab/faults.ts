import { sh } from '../shell/quote.ts'
import { parts } from './names.ts'
import { startNode, stopNode, type NodeSetting } from './scripts/start-node.ts'

/** A fault of a node, and how to recover from it. */
export interface Fault {
  /** `node3 loses power` */
  readonly says: string
  /** What each script does, in a line: `kill every process of node3`. */
  readonly how: { readonly make: string; readonly mend: string }
  /** Where both scripts run: the node itself, or `controller`. */
  readonly host: string
  /** Whether they need root there. */
  readonly become: boolean
  readonly make: string
  /** Idempotent: also works if the fault was never injected, or was injected by a run that was killed. */
  readonly mend: string
  /** Timeout of `recover`, in seconds. */
  readonly mendSeconds: number
}

/** The command that injects a fault. */
export const making = ({ host, become, make, how }: Fault) => ({
  host,
  become,
  command: make,
  shown: how.make,
  timeout: 120,
})

/** The command that recovers from a fault. */
export const mending = ({ host, become, mend, how, mendSeconds }: Fault) => ({
  host,
  become,
  command: mend,
  shown: how.mend,
  timeout: mendSeconds,
})

/** The faults of a node. Each provider implements them. */
export interface Faults {
  /** The node stops at once; recovery boots it. */
  readonly powerOff: Fault
  /** The node runs on, partitioned from the network. */
  readonly cutOff: Fault
  /** The node resets; recovery waits for its sshd. */
  readonly reboot: Fault
}

const HERE = { host: 'controller', become: true, mendSeconds: 200 } as const

/** Faults of namespace nodes: kills their processes, sets their switch port down. */
export function namespaceFaults(node: NodeSetting): Faults {
  const { lab, name } = node
  const port = (state: 'down' | 'up'): string =>
    sh`ip -n ${parts(lab).switchNamespace} link set ${parts(lab).port(name)} ${state}`
  return {
    powerOff: {
      says: `${name} loses power`,
      how: { make: `kill every process of ${name}`, mend: `boot ${name} and wait for its sshd` },
      ...HERE,
      make: stopNode(node),
      mend: startNode(node),
    },
    cutOff: {
      says: `${name} is partitioned from the network`,
      how: { make: port('down'), mend: port('up') },
      ...HERE,
      make: port('down'),
      mend: port('up'),
    },
    reboot: {
      says: `${name} is reset`,
      how: { make: `kill every process of ${name} and boot it`, mend: `wait for the sshd of ${name}` },
      ...HERE,
      make: `(${stopNode(node)}) || exit\n${startNode(node)}`,
      mend: startNode(node),
    },
  }
}

/** Seconds after which a partition heals by itself, in case the run is killed. */
export const BACK_AFTER = 300

/**
 * Faults of your own machines, with only a shell on them. Labbook cannot power them on, so the power loss is a reset
 * without a shutdown. A partitioned machine still accepts SSH, so that Labbook can recover it.
 */
export function machineFaults(name: string, sshPort = 22): Faults {
  const mark = '-m comment --comment labbook-cut-off -j DROP'
  const undo = 'iptables-save | grep -v labbook-cut-off | iptables-restore'
  const there = { host: name, become: true, mendSeconds: 300 } as const
  return {
    powerOff: {
      says: `${name} is reset without a shutdown`,
      how: { make: 'echo b >/proc/sysrq-trigger', mend: `wait for ${name} to boot` },
      ...there,
      make: '(sleep 1; echo 1 >/proc/sys/kernel/sysrq; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &',
      mend: 'true',
    },
    cutOff: {
      says: `${name} is partitioned from all but SSH`,
      how: { make: 'drop all traffic except SSH (iptables)', mend: undo },
      ...there,
      make: [
        `(sleep ${BACK_AFTER}; ${undo}) >/dev/null 2>&1 </dev/null &`,
        `iptables -I INPUT ! -i lo -p udp ${mark} && iptables -I OUTPUT ! -o lo -p udp ${mark} &&`,
        `iptables -I INPUT ! -i lo -p tcp ! --dport ${sshPort} ${mark} && iptables -I OUTPUT ! -o lo -p tcp ! --sport ${sshPort} ${mark}`,
      ].join('\n'),
      mend: undo,
    },
    reboot: {
      says: `${name} reboots`,
      how: { make: 'systemctl reboot', mend: `wait for ${name} to boot` },
      ...there,
      make: '(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &',
      mend: 'true',
    },
  }
}
