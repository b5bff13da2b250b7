import { sh } from '../shell/quote.ts'
import { parts } from './names.ts'
import { startNode, stopNode, type NodeSetting } from './scripts/start-node.ts'

/** Something that happens to a node, and how it is undone. */
export interface Fault {
  /** `node3 loses its power` */
  readonly says: string
  /** What the scripts do, each in a line: `ends every process of node3`. */
  readonly how: { readonly make: string; readonly mend: string }
  /** Where both scripts run: on the node itself, or `controller`, this machine. */
  readonly host: string
  /** Whether they need root there. */
  readonly become: boolean
  readonly make: string
  /** Undoes it, from wherever it is: also when it was not made, or made by a run that is no more. */
  readonly mend: string
  /** How long that may take, in seconds. */
  readonly mendSeconds: number
}

/** What is run to make it happen. */
export const making = ({ host, become, make, how }: Fault) => ({
  host,
  become,
  command: make,
  shown: how.make,
  timeout: 120,
})

/** What is run to undo it. */
export const mending = ({ host, become, mend, how, mendSeconds }: Fault) => ({
  host,
  become,
  command: mend,
  shown: how.mend,
  timeout: mendSeconds,
})

/** What can be done to a node; each provider of machines has its own way. */
export interface Faults {
  /** It stops at once, as by a power cut; mended, it boots. */
  readonly powerOff: Fault
  /** It goes on, and nobody reaches it nor is reached by it. */
  readonly cutOff: Fault
  /** It starts anew, unasked; mended, it answers again. */
  readonly reboot: Fault
}

const HERE = { host: 'controller', become: true, mendSeconds: 200 } as const

/** Of nodes made of namespaces: their processes are ended; their port on the lab's switch is shut. */
export function namespaceFaults(node: NodeSetting): Faults {
  const { lab, name } = node
  const port = (state: 'down' | 'up'): string =>
    sh`ip -n ${parts(lab).switchNamespace} link set ${parts(lab).port(name)} ${state}`
  return {
    powerOff: {
      says: `${name} loses its power`,
      how: { make: `ends every process of ${name} at once`, mend: `boots ${name}, and waits for its sshd` },
      ...HERE,
      make: stopNode(node),
      mend: startNode(node),
    },
    cutOff: {
      says: `${name} is cut off from the network`,
      how: { make: port('down'), mend: port('up') },
      ...HERE,
      make: port('down'),
      mend: port('up'),
    },
    reboot: {
      says: `${name} is reset`,
      how: { make: `ends every process of ${name} and boots it`, mend: `waits for the sshd of ${name}` },
      ...HERE,
      make: `(${stopNode(node)}) || exit\n${startNode(node)}`,
      mend: startNode(node),
    },
  }
}

/** Seconds after which a machine that was cut off is back by itself: nobody may be there to undo it. */
export const BACK_AFTER = 300

/**
 * Of machines of one's own, with nothing but a shell on them. Nobody here can switch them on again, so the power cut is
 * a reset: no goodbye, and back after a boot. Cut off, a machine still hears SSH, so that it can be undone.
 */
export function machineFaults(name: string, sshPort = 22): Faults {
  const mark = '-m comment --comment labbook-cut-off -j DROP'
  const undo = 'iptables-save | grep -v labbook-cut-off | iptables-restore'
  const there = { host: name, become: true, mendSeconds: 300 } as const
  return {
    powerOff: {
      says: `${name} is reset, without a goodbye`,
      how: { make: 'echo b >/proc/sysrq-trigger', mend: `waits until ${name} has booted` },
      ...there,
      make: '(sleep 1; echo 1 >/proc/sys/kernel/sysrq; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &',
      mend: 'true',
    },
    cutOff: {
      says: `${name} is cut off from all but SSH`,
      how: { make: 'iptables: drops all but SSH', mend: undo },
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
      how: { make: 'systemctl reboot', mend: `waits until ${name} has booted` },
      ...there,
      make: '(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &',
      mend: 'true',
    },
  }
}
