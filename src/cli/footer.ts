import type { Summary } from '../evidence/index.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import { quote } from '../shell/quote.ts'
import type { Closing, RunFooter } from '../ui/index.ts'
import type { PreparedRun } from './prepared-run.ts'

interface FinishedRun {
  readonly ready: Pick<PreparedRun, 'options' | 'inventory' | 'inventoryFiles' | 'extraVars' | 'closing'>
  /** The run's command line. */
  readonly argv: readonly string[]
  readonly summary: Summary
  /** The path of the report. */
  readonly report: string
  /** Masks secrets. */
  readonly mask: (text: string) => string
}

/** The footer of a run: the playbook's closing if it passed, else the command to rerun. */
export function footerOf({ ready, argv, summary, report, mask }: FinishedRun): RunFooter {
  if (summary.status !== 'passed')
    return { report, rerunCommand: mask(argv.map((argument) => quote(argument)).join(' ')) }
  const {
    closing,
    options: { check, args: words },
    inventory,
    extraVars,
  } = ready
  if (check || closing === undefined) return { report }
  const variables = inventoryVariables(inventory, extraVars)
  const result = closing({
    args: words,
    inventory: ready.inventoryFiles,
    groups: Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts])),
    hostvars: (host) => variables(host),
    findings: summary.findings,
  })
  return { report, ...(result === undefined ? {} : { closing: masked(result, mask) }) }
}

function masked({ standing, figures, next }: Closing, mask: (text: string) => string): Closing {
  const all = (lines: Closing['next']): Closing['next'] => lines.map(([label, text]) => [mask(label), mask(text)])
  return { standing: all(standing), figures: all(figures), next: all(next) }
}
