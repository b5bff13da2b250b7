import { Interrupted } from '../playbook/interrupted.ts'
import { Cancelled, promptStep } from '../ui/index.ts'

/**
 * Asks before each task whether to run it, until the user answers "continue".
 *
 * @returns a function that throws {@link Interrupted} if the user cancels.
 */
export function stepConfirmation(ask: typeof promptStep = promptStep): (title: string) => Promise<boolean> {
  let asks = true
  return async (title) => {
    if (!asks) return true
    try {
      const answer = await ask(title)
      if (answer === 'continue') asks = false
      return answer !== 'no'
    } catch (error) {
      throw error instanceof Cancelled ? new Interrupted() : error
    }
  }
}
