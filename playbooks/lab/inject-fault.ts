import { type Exhibit, MessageError } from 'labbook'
import { type Fault, injection } from 'labbook/lab'
import { type LabContext, say } from '../messages/say.ts'

/**
 * Injects a fault and records it.
 *
 * @throws {MessageError} if the fault cannot be injected.
 */
export async function injectFault(on: Pick<LabContext, 'exhibit'>, fault: Fault): Promise<Exhibit> {
  const injected = await on.exhibit({ title: fault.text, ...injection(fault) })
  if (injected.exitCode !== 0)
    throw new MessageError(
      say('cannot inject fault: {description} (see exhibit "{exhibit}")', {
        description: fault.text,
        exhibit: injected.id,
      }),
    )
  return injected
}
