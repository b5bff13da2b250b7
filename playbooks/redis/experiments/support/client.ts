import { readFileSync } from 'node:fs'
import path from 'node:path'
import { quote, toText } from 'labbook'
import { ROOT } from '../../../app/images/table.ts'
import type { LabSetupContext } from '../../../messages/say.ts'
import { manager } from '../../../swarm/experiments/support/cluster.ts'
import { KEY } from '../settings.ts'
import type { Replies, Reply } from './health.ts'
import { parseJsonLines } from './lost-writes.ts'

/** The program `client.py`, which runs in a container of each stack. */
export const clientSource = (): string =>
  readFileSync(path.join(ROOT, 'playbooks/redis/experiments/support/client.py'), 'utf8')

/** A stack with a client. */
interface ClientStack {
  readonly stack: string
}

const clientContainer = (stack: string): string =>
  `$(docker ps -q --filter label=com.docker.swarm.service.name=${stack}_client | head -n 1)`

/** Command that runs the client program in the client's container on the executing node. */
export const clientCommand = (stack: string, ...args: readonly string[]): string =>
  `docker exec ${clientContainer(stack)} sh -c 'exec python3 -u -c "$LAB_CLIENT" "$@"' client ${args.map((arg) => quote(arg)).join(' ')}`

/** Sends a command to servers from a client in the stack's network. A server that does not answer is a failed reply. */
export async function query(
  on: Pick<LabSetupContext, 'exec' | 'hosts'>,
  { stack }: ClientStack,
  servers: readonly string[],
  command: readonly string[],
  host = manager(on),
): Promise<Replies> {
  const { stdout } = await on.exec({
    host,
    command: clientCommand(stack, 'ask', servers.join(','), ...command),
    timeout: 30,
  })
  const replies = new Map(
    parseJsonLines(stdout).map(({ at, address, reply, refused, failed }): [string, Reply] => [
      String(at),
      {
        ...(address === undefined ? {} : { address: toText(address) }),
        ...(reply === undefined ? {} : { reply }),
        ...((refused ?? failed) === undefined ? {} : { error: String(refused ?? failed) }),
      },
    ]),
  )
  return new Map(servers.map((server) => [server, replies.get(server) ?? { error: 'no response from the client' }]))
}

/** Reads the count from one server. NaN if it does not answer. */
export async function readCount(
  on: Pick<LabSetupContext, 'exec' | 'hosts'>,
  lab: ClientStack,
  server: string,
): Promise<number> {
  const { error: failed, reply } = (await query(on, lab, [server], ['GET', KEY])).get(server) ?? {}
  return failed === undefined ? Number(reply ?? 0) : Number.NaN
}
