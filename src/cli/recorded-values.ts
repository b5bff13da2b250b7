import { MASK } from '../values/secret.ts'
import { hasTemplate } from '../values/template-text.ts'
import type { VarDefinition, VarSet } from '../playbook/define-vars.ts'

type Vars = Readonly<Record<string, unknown>>

/** What the reader's project knows of variables and files. */
export interface ReadersProject {
  /** Its declarations. Variables without one are judged by their values. */
  readonly vars: readonly VarSet[]
  /** The file or directory of this project for a path of the run. */
  readonly find: (recorded: string) => string | undefined
}

/** What becomes of the variables of a run in the repeated command. */
export interface ReproducedVars {
  readonly taken: Vars
  /** Names of variables that are about the reader's machines. */
  readonly ignored: readonly string[]
  /** Values that the reader has to specify: `-e name=PLACEHOLDER`, and why. */
  readonly missing: readonly { readonly name: string; readonly why: string; readonly placeholder: string }[]
}

/** Runner variables: connections, labs, reports, and how slow machines are. */
const OF_READER = /^((ansible|lab|report)_|slowdown$)/

/**
 * Decides for each variable of a run whether it holds for the reader's machines too. A run that somebody handed in must
 * not name files, images and machines that the reader does not know: these are replaced, or asked for.
 */
export function reproducedVars(vars: Vars, { vars: sets, find }: ReadersProject): ReproducedVars {
  const definitions = new Map<string, VarDefinition>(sets.flatMap((set) => Object.entries(set.definitions)))
  const taken: Record<string, unknown> = {}
  const ignored: string[] = []
  const missing: ReproducedVars['missing'][number][] = []
  for (const [name, value] of Object.entries(vars)) {
    const definition = definitions.get(name)
    // A template would be rendered on the reader's controller, and may read its files and environment.
    if (OF_READER.test(name) || definition?.refersTo === 'machine' || hasTemplate(JSON.stringify(value)))
      ignored.push(name)
    else if (isMasked(value)) missing.push({ name, why: 'the run masked this secret', placeholder: 'VALUE' })
    else if (definition?.refersTo === 'image')
      missing.push({ name, why: `the run used the image ${shown(value)}`, placeholder: 'IMAGE' })
    else if (definition?.refersTo === 'file') {
      const file = typeof value === 'string' ? find(value) : undefined
      if (file === undefined)
        missing.push({ name, why: `the run used ${shown(value)}, which this project lacks`, placeholder: 'PATH' })
      else taken[name] = file
    } else if (definition === undefined && refersToMachine(value))
      missing.push({ name, why: `the run used ${shown(value)}, a value of its machines`, placeholder: 'VALUE' })
    else taken[name] = value
  }
  return { taken, ignored, missing }
}

const isMasked = (value: unknown): boolean => JSON.stringify(value).includes(MASK)

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Paths, URLs, and images of a registry with a port or a domain. */
const OF_MACHINE = /^(?:[~.]{0,2}[/\\]|[A-Za-z]:[/\\]|[A-Za-z][A-Za-z0-9+.-]*:\/\/|[\w.-]+(?::\d+|\.[a-z]{2,})\/)/

/** Whether an undeclared value, or a part of it, refers to a file or a machine. */
function refersToMachine(value: unknown): boolean {
  if (typeof value === 'string') return OF_MACHINE.test(value.trim())
  return typeof value === 'object' && value !== null && Object.values(value).some(refersToMachine)
}
