import { Unreachable } from './connection.ts'
import { HostKeyCheck, UnknownHostKey } from './host-key.ts'
import { withJumpHosts } from './login-keys.ts'
import type { ConnectionSettings } from './settings.ts'
import { logIn } from './ssh-login.ts'

/**
 * The keys of hosts that were never seen and that ssh would ask about. Connects to these hosts only. A host behind a
 * jump host is found once the key of that one is accepted: call it again then.
 */
export async function unknownHostKeys(targets: readonly ConnectionSettings[]): Promise<UnknownHostKey[]> {
  const asked = targets
    .filter(({ connection }) => connection === 'ssh')
    .flatMap((target) => withJumpHosts(target).filter((each) => each.hostKeyChecking === 'ask'))
    .filter((target) => !new HostKeyCheck(target).isKnownHost)
  const found = await Promise.all(asked.map(async (target) => unknownKeyOf(target)))
  const byKey = new Map(found.flatMap((each) => (each === undefined ? [] : [[each.message, each]])))
  return [...byKey.values()]
}

async function unknownKeyOf(target: ConnectionSettings): Promise<UnknownHostKey | undefined> {
  try {
    const { client, releaseSlot } = await logIn(target, new AbortController().signal)
    releaseSlot()
    client.end()
    return undefined
  } catch (error) {
    if (error instanceof UnknownHostKey) return error
    // The run reports it, with the task that needed the host.
    if (error instanceof Unreachable) return undefined
    throw error
  }
}
