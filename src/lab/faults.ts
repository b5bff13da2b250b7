import type { Message } from '../events/message.ts'
import { sh } from '../shell/quote.ts'
import { kernelNames } from '../modules/lab/names.ts'
import { deleteRules } from './firewall-rules.ts'
import { limitedFault } from './limited-fault.ts'
import { startNode, stopNode, type NodeSettings } from '../modules/lab/scripts/start-node.ts'

/** A fault of a node, and how to recover from it. */
export interface Fault {
  /** `node3 loses power` */
  readonly description: string
  /** The description as a message, for reports in other languages. */
  readonly text: Message
  /** What each script does, in a line: `kill every process of node3`. */
  readonly summary: { readonly inject: string; readonly recover: string }
  /** Where both scripts run: the node itself, or `controller`. */
  readonly host: string
  /** Whether they need root there. */
  readonly become: boolean
  readonly inject: string
  /** Idempotent: also works if the fault was never injected, or was injected by a run that was killed. */
  readonly recover: string
  /** Timeout of `recover`, in seconds. */
  readonly recoverSeconds: number
}

/** Descriptions of faults. */
export type FaultText =
  | '{node} loses power'
  | '{node} is partitioned from the network'
  | '{node} is reset'
  | '{node} is reset without a shutdown'
  | '{node} is partitioned from all but SSH'
  | '{node} reboots'

/** A description with the name of the node, as text and as a message. */
export const described = (id: FaultText, node: string): Pick<Fault, 'description' | 'text'> => ({
  description: id.replace('{node}', node),
  text: { id, values: { node } },
})

/** The command that injects a fault. */
export const injection = ({ host, become, inject, summary }: Fault) => ({
  host,
  become,
  command: inject,
  displayCommand: summary.inject,
  timeout: 120,
})

/** The command that recovers from a fault. */
export const recovery = ({ host, become, recover, summary, recoverSeconds }: Fault) => ({
  host,
  become,
  command: recover,
  displayCommand: summary.recover,
  timeout: recoverSeconds,
})

/** The faults of a node. Each provider implements them. */
export interface Faults {
  /** The node stops at once; recovery boots it. */
  readonly powerLoss: Fault
  /** The node runs on, partitioned from the network. */
  readonly partition: Fault
  /** The node resets; recovery waits for its sshd. */
  readonly reboot: Fault
}

const HERE = { host: 'controller', become: true, recoverSeconds: 200 } as const

/** Faults of namespace nodes: kills their processes, sets their switch port down. */
export function namespaceFaults(node: NodeSettings): Faults {
  const { lab, name } = node
  const port = (state: 'down' | 'up'): string =>
    sh`ip -n ${kernelNames(lab).switchNamespace} link set ${kernelNames(lab).port(name)} ${state}`
  return {
    powerLoss: {
      ...described('{node} loses power', name),
      summary: { inject: `kill every process of ${name}`, recover: `boot ${name} and wait for its sshd` },
      ...HERE,
      inject: stopNode(node),
      recover: startNode(node),
    },
    partition: {
      ...described('{node} is partitioned from the network', name),
      summary: { inject: port('down'), recover: port('up') },
      ...HERE,
      inject: port('down'),
      recover: port('up'),
    },
    reboot: {
      ...described('{node} is reset', name),
      summary: { inject: `kill every process of ${name} and boot it`, recover: `wait for the sshd of ${name}` },
      ...HERE,
      inject: `(${stopNode(node)}) || exit\n${startNode(node)}`,
      recover: startNode(node),
    },
  }
}

/** Comment of the rules that partition a machine. */
const CUT_OFF = 'labbook-cut-off'

/**
 * Seconds after which a partition heals by itself, in case the run is killed; before the timeout multiplier. More than
 * experiments wait for its effects (300 s).
 */
const PARTITION_SECONDS = 600

/**
 * Faults of your own machines, with only a shell on them. Labbook cannot power them on, so the power loss is a reset
 * without a shutdown. A partitioned machine still accepts SSH, so that Labbook can recover it.
 *
 * @param slowdown - the timeout multiplier.
 */
export function machineFaults(name: string, sshPort = 22, slowdown = 1): Faults {
  const mark = `-m comment --comment ${CUT_OFF} -j DROP`
  const seconds = Math.ceil(PARTITION_SECONDS * slowdown)
  const { timer, recover } = limitedFault('cut-off', deleteRules(CUT_OFF, ['INPUT', 'OUTPUT']), seconds)
  const there = { host: name, become: true, recoverSeconds: 300 } as const
  return {
    powerLoss: {
      ...described('{node} is reset without a shutdown', name),
      summary: { inject: 'echo b >/proc/sysrq-trigger', recover: `wait for ${name} to boot` },
      ...there,
      inject: '(sleep 1; echo 1 >/proc/sys/kernel/sysrq; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &',
      recover: 'true',
    },
    partition: {
      ...described('{node} is partitioned from all but SSH', name),
      summary: {
        inject: 'drop all traffic except SSH (iptables)',
        recover: `delete the rules with the comment ${CUT_OFF} (iptables)`,
      },
      ...there,
      inject: [
        timer,
        ...[
          'INPUT ! -i lo -p udp',
          'OUTPUT ! -o lo -p udp',
          `INPUT ! -i lo -p tcp ! --dport ${sshPort}`,
          `OUTPUT ! -o lo -p tcp ! --sport ${sshPort}`,
        ].map((rule) => `iptables -w 10 -I ${rule} ${mark} || exit`),
      ].join('\n'),
      recover,
    },
    reboot: {
      ...described('{node} reboots', name),
      summary: { inject: 'systemctl reboot', recover: `wait for ${name} to boot` },
      ...there,
      inject: '(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &',
      recover: 'true',
    },
  }
}
