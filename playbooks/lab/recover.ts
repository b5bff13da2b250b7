import { MessageError } from 'labbook'
import { type Fault, recovery } from 'labbook/lab'
import { type LabSetupContext, say } from '../messages/say.ts'

type Command = Parameters<LabSetupContext['exec']>[0]

/**
 * Runs a command that undoes a fault of a node.
 *
 * @throws {MessageError} if it fails.
 */
export async function undoOn(on: Pick<LabSetupContext, 'exec'>, node: string, command: Command): Promise<void> {
  const { exitCode, stdout, stderr } = await on.exec(command)
  if (exitCode === 0) return
  const output = (stderr.trim() || stdout.trim()).slice(-300)
  throw new MessageError(say('cannot recover {node} (exit code {exitCode}): {output}', { node, exitCode, output }))
}

/**
 * Recovers a node from a fault.
 *
 * @throws {MessageError} if it fails.
 */
export const recoverFrom = (on: Pick<LabSetupContext, 'exec'>, node: string, fault: Fault): Promise<void> =>
  undoOn(on, node, recovery(fault))
