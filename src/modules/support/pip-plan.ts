import type { Change, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { splitWords } from '../../shell/split-words.ts'
import { createEnvironment, requirementsOf, runPip, type PipParams } from './pip-scripts.ts'
import { lastLine } from './text.ts'

/** What Ansible returns, without the output of pip. */
export interface PipValues {
  readonly name: readonly string[] | null
  readonly version: string | null
  readonly state: string
  readonly requirements: string | null
  readonly virtualenv: string | null
}

const MANAGED =
  'the Python of this host is managed by apt (PEP 668), and pip must not change it: install the package python3-NAME ' +
  'with apt, set virtualenv, or, if nothing else works, break_system_packages: true'

/** The changes of `pip`. */
export function planPip(params: PipParams, observed: Observed): Plan<PipValues> {
  const lines = observed.stdout.split('\n')
  const has = (word: string): boolean => lines.includes(word)
  const problem = (text: string): Plan<PipValues> => ({ changes: [], problem: text })
  if (observed.exitCode !== 0) return problem(lastLine(observed.stderr) || `exit code ${observed.exitCode}`)
  const { name, version, state, requirements, virtualenv, break_system_packages } = params
  if (has('no-requirements')) return problem(`requirements: ${requirements} does not exist on this host`)
  const isNew = has('no-environment')
  if (isNew) {
    const program = lines.find((line) => line.startsWith('no-program '))?.slice('no-program '.length)
    if (program !== undefined)
      return problem(`${program} not found on this host: install the package python3-venv or virtualenv`)
    if (has('no-ensurepip')) return problem('python3 cannot create environments: install the package python3-venv')
    const isVenv = /-m venv$|pyvenv$/.test(params.virtualenv_command ?? '')
    if (isVenv && params.virtualenv_python !== undefined)
      return problem('virtualenv_python is for virtualenv: name the Python in virtualenv_command instead')
  }
  if (has('no-pip'))
    return problem(
      virtualenv === undefined
        ? `${params.executable ?? 'pip'} not found on this host: install the package python3-pip`
        : `no pip in ${virtualenv}: remove the directory, so that it is created again`,
    )
  if (has('no-answer')) return problem(noAnswer(state, observed.stderr))
  const values: PipValues = {
    name: name ?? null,
    version: version ?? null,
    state,
    requirements: requirements ?? null,
    virtualenv: virtualenv ?? null,
  }
  const changes = [
    ...(isNew ? [{ description: `create virtual environment ${virtualenv}`, script: createEnvironment(params) }] : []),
    ...packageChanges(params, lines, isNew),
  ]
  const mayBreak = break_system_packages || splitWords(params.extra_args ?? '').includes('--break-system-packages')
  if (changes.length > 0 && has('managed') && !mayBreak) return problem(MANAGED)
  return { changes, values }
}

/** The distribution's name in pip's form (PEP 503). */
const canonical = (name: string): string =>
  (/^[A-Za-z0-9._-]+/.exec(name)?.[0] ?? '').replaceAll(/[-_.]+/g, '-').toLowerCase()

function packageChanges(params: PipParams, lines: readonly string[], isNew: boolean): Change[] {
  const { state, requirements, virtualenv } = params
  const what = requirements ?? requirementsOf(params).join(', ')
  const where = virtualenv === undefined ? '' : ` in ${virtualenv}`
  const change = (verb: string, more: Partial<Change> = {}): Change[] => [
    { description: `${verb} ${what}${where}`, script: runPip(params), ...more },
  ]
  if (state === 'forcereinstall') return change('reinstall', { recurs: true })
  if (state === 'absent') {
    const installed = new Set(lines.flatMap((line) => (line.startsWith('has ') ? [canonical(line.slice(4))] : [])))
    return requirementsOf(params).some((each) => installed.has(canonical(each))) ? change('uninstall') : []
  }
  if (isNew) return change('install')
  const found = lines.find((line) => line.startsWith('would '))?.slice('would '.length)
  const more = found === undefined ? {} : { diff: { subject: what, before: '', after: `${found}\n` } }
  if (state === 'latest') return found === undefined ? [] : change('upgrade', more)
  // Without an index it is of a path or URL, which pip may install on each run.
  return lines.includes('met') ? [] : change('install', { ...more, ...(found !== undefined && { recurs: true }) })
}

/** Why pip does not say what it would install. */
function noAnswer(state: PipParams['state'], stderr: string): string {
  if (/no such option: --dry-run/.test(stderr))
    return state === 'latest'
      ? 'state: latest needs pip 22.2 or newer on the host: set a version, or run pip in a command'
      : 'constraints, and requirements with paths, URLs or options, need pip 22.2 or newer on the host: upgrade pip ' +
          'first, or run pip in a command'
  const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR: '))
  return `pip: ${errors.at(-1)?.slice('ERROR: '.length) ?? lastLine(stderr)}`
}
