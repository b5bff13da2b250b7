import * as z from 'zod'
import { FACTS_SCRIPT, parseFacts, type Facts } from '../support/facts.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({})

/** Gathers facts about the host. */
export const setup = defineModule<typeof schema, Facts>({
  name: 'setup',
  schema,
  // Facts come from all over the host.
  sets: () => [],
  title: () => '',
  probe: () => FACTS_SCRIPT,
  plan(_params, { stdout, stderr, exitCode }) {
    if (exitCode !== 0)
      return { changes: [], problem: `cannot gather facts: ${lastLine(stderr) || `exit code ${exitCode}`}` }
    return { changes: [], values: parseFacts(stdout) }
  },
})
