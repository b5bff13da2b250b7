import { type Exhibit, MessageError } from 'labbook'
import { type Fault, recovery } from 'labbook/lab'
import { type LabContext, type LabSetupContext, type LabText, say } from '../messages/say.ts'

type Command = Parameters<LabSetupContext['exec']>[0]

type Result = Pick<Exhibit, 'exitCode' | 'stdout' | 'stderr'>

function requireSuccess(node: string, { exitCode, stdout, stderr }: Result): void {
  if (exitCode === 0) return
  const output = (stderr.trim() || stdout.trim()).slice(-300)
  throw new MessageError(say('cannot recover {node} (exit code {exitCode}): {output}', { node, exitCode, output }))
}

/**
 * Runs a command that undoes a fault of a node.
 *
 * @throws {MessageError} if it fails.
 */
export async function undoOn(on: Pick<LabSetupContext, 'exec'>, node: string, command: Command): Promise<void> {
  requireSuccess(node, await on.exec(command))
}

/**
 * Recovers a node from a fault.
 *
 * @throws {MessageError} if it fails.
 */
export const recoverFrom = (on: Pick<LabSetupContext, 'exec'>, node: string, fault: Fault): Promise<void> =>
  undoOn(on, node, recovery(fault))

/**
 * Recovers a node from a fault, and records it.
 *
 * @throws {MessageError} if it fails.
 */
export async function recordRecovery(
  on: Pick<LabContext, 'exhibit'>,
  node: string,
  fault: Fault,
  title: LabText = say('Recover {node}', { node }),
): Promise<Exhibit> {
  const recovered = await on.exhibit({ title, ...recovery(fault) })
  requireSuccess(node, recovered)
  return recovered
}
