import { CallSite } from '../values/call-site.ts'
import { PlaybookError } from './play.ts'

/*
 * Words of Ansible for which a playbook in TypeScript needs no task. A task list is made before its first task runs: as
 * tasks they would change nothing in it, in silence.
 */

type Refused = (...params: readonly unknown[]) => never

function refusedWord(name: string, instead: string): Refused {
  const call = (): never => {
    const at = String(new CallSite(call))
    throw new PlaybookError(`${at === '' ? '' : `${at}: `}${name} is no task of Labbook: ${instead}`)
  }
  return call
}

/** Ansible's `set_fact`. */
export const set_fact = refusedWord(
  'set_fact',
  'declare a const; for a value of an earlier task use register() and its map(); ' +
    'a template receives more variables with its parameter "vars"',
)

/** Ansible's `include_vars`. */
export const include_vars = refusedWord(
  'include_vars',
  'import a .ts or .json file, or put the variables into group_vars; ' +
    'choose by facts with an expression such as packages[facts.distribution]',
)

/** Ansible's `add_host`. */
export const add_host = refusedWord(
  'add_host',
  'the hosts of a run are those of its inventory: write an inventory program that lists new hosts, ' +
    'and run the next playbook when they exist',
)

/** Ansible's `group_by`. */
export const group_by = refusedWord(
  'group_by',
  'the function of a play receives the facts of each host: return other tasks by a condition, ' +
    "such as facts.distribution === 'Debian' && apt({ ... })",
)
