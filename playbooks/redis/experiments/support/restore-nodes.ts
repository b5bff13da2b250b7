import { faultsOf } from '../../../lab/faults.ts'
import { recoverFrom } from '../../../lab/recover.ts'
import type { LabSetupContext } from '../../../messages/say.ts'
import { watchAllReady } from '../../../methods/nodes.ts'
import { manager } from '../../../swarm/experiments/support/cluster.ts'
import { removeLabStacks } from './remove-stacks.ts'

/**
 * Recovers every node that may be faulty and removes the stacks. Idempotent, also after an interruption.
 *
 * @throws {MessageError} what failed first, after all nodes were tried.
 */
export async function restoreNodes(on: LabSetupContext): Promise<void> {
  const nodes = (on.groups.swarm ?? []).filter((name) => name !== manager(on))
  const recovered = nodes.map((node) => recoverFromLoss(on, node))
  await Promise.allSettled(recovered)
  await Promise.all(recovered)
  await watchAllReady(on, { within: 180 })
  await removeLabStacks(on)
}

/** A node without power cannot end its partition before it has power. */
async function recoverFromLoss(on: LabSetupContext, node: string): Promise<void> {
  const { powerLoss, partition } = faultsOf(on, node)
  const isConnected = await recoverFrom(on, node, partition).then(
    () => true,
    () => false,
  )
  await recoverFrom(on, node, powerLoss)
  if (!isConnected) await recoverFrom(on, node, partition)
}
