import { setTimeout as sleep } from 'node:timers/promises'
import { quote } from 'labbook'
import { type LabContext, say } from '../../../messages/say.ts'
import { KEY } from '../settings.ts'
import { clientCommand } from './client.ts'
import { LAB, type LabStack } from './lab-stack.ts'
import { type ClientLog, parseLog } from './lost-writes.ts'
import type { Master } from './master.ts'

/** A client on the isolated node that keeps writing to the old master. */
export interface IsolatedClient {
  /** Replicas that must confirm each write (WAIT). */
  readonly waitReplicas: number
  readonly seconds: number
}

/** On the node of the client. */
const LOG = `/run/${LAB}-isolated.log`

/** Starts a detached client on the node that logs to a file there, as the connection will be lost. */
export async function startIsolated(
  on: LabContext,
  { stack }: LabStack,
  { node, address }: Master,
  { seconds, waitReplicas }: IsolatedClient,
): Promise<void> {
  const client = clientCommand(
    stack,
    'increments',
    `${address}:6379`,
    KEY,
    '20',
    String(seconds),
    String(waitReplicas),
    '500',
  )
  await on.exec({
    host: node,
    command: `rm -f ${LOG}; nohup setsid sh -c ${quote(client)} >${LOG} 2>/dev/null </dev/null & :`,
  })
  await sleep(2000, undefined, { signal: on.signal })
}

/** Reads the log of the client, once its node can be reached. */
export async function readIsolatedLog(on: LabContext, node: string): Promise<ClientLog> {
  const { stdout } = await on.exhibit({
    title: say('Log of the client on {node}', { node }),
    host: node,
    command: `cat ${LOG}`,
  })
  return parseLog(stdout)
}

/**
 * The acknowledged writes after the partition.
 *
 * @param injectedAtEpoch - milliseconds since 1970; lab nodes share this machine's clock.
 */
export function acknowledgedAfter(
  { changes }: ClientLog,
  injectedAtEpoch: number,
): { acknowledged: number; lastAt: number } {
  const acknowledged = changes.filter(({ was, at }) => was === 'ok' && at >= injectedAtEpoch)
  return {
    acknowledged: acknowledged.length,
    lastAt: Math.max(0, ((acknowledged.at(-1)?.at ?? injectedAtEpoch) - injectedAtEpoch) / 1000),
  }
}
