import { posix } from 'node:path'
import * as z from 'zod'
import { splitWords } from '../../shell/split-words.ts'
import { contentOf, setNewDirectory, setTree, treeAt } from '../support/effects.ts'
import { targetFile, umask } from '../support/params.ts'
import { planPip, type PipValues } from '../support/pip-plan.ts'
import { hasConstraints, probePip } from '../support/pip-scripts.ts'
import { refusing } from '../support/refusing.ts'
import { defineModule } from '../task.ts'

/** Options that change what pip compares with, or what it does. */
const REFUSED_SHORT = /^-[hqvV]*[treUI]/
const REFUSED_LONG = [
  ...['--target', '--prefix', '--root', '--upgrade', '--force-reinstall', '--ignore-installed', '--editable'],
  ...['--requirement', '--dry-run'],
]

/** pip accepts the beginning of a long option for the whole; `--pre` is an option itself. */
function isRefused(argument: string): boolean {
  const [option = ''] = argument.split('=')
  if (!option.startsWith('--')) return REFUSED_SHORT.test(option)
  return option.length > 2 && option !== '--pre' && REFUSED_LONG.some((name) => name.startsWith(option))
}

const requirement = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?\s*(?:[<>=!~;(].*)?$/, {
  error: 'must be a name, such as requests or requests>=2.31: for a URL or a path, run pip in a command with creates',
})

const schema = z
  .strictObject(
    {
      /** Distributions, with versions: `requests`, `requests>=2.31,<3`. */
      name: z
        .union([z.string().transform((text) => text.split(/,\s*(?=[A-Za-z])/)), z.array(z.string())])
        .pipe(z.array(requirement).min(1))
        .optional(),
      /** Version of the one name. */
      version: z
        .string()
        .regex(/^\s*(?:\d|[<>=!~]=?)/, { error: 'must be a version such as 2.31, or >=2.31' })
        .optional(),
      /**
       * A requirements file on the host. `latest` needs pip 22.2 or newer for it, and so does `present` if it has other
       * lines than names with versions.
       */
      requirements: z.string().min(1).optional(),
      /** A virtual environment, which is created if it does not exist. */
      virtualenv: z.string().min(1).optional(),
      virtualenv_site_packages: z.boolean().default(false),
      /** Unlike in Ansible, `python3 -m venv` is used if the program virtualenv is missing and this is not set. */
      virtualenv_command: z.string().min(1).optional(),
      /** The Python of a new environment; for virtualenv only. */
      virtualenv_python: z.string().min(1).optional(),
      /** `latest` asks the index on each run; `forcereinstall` is a change on each run. */
      state: z.enum(['present', 'absent', 'latest', 'forcereinstall']).default('present'),
      /** More options of pip, as shell words: `--index-url https://...`. */
      extra_args: z.string().optional(),
      /** Working directory, for relative paths. */
      chdir: targetFile.optional(),
      /** The pip to use: a path, or a name such as `pip3.11`. Default: `python3 -m pip`. */
      executable: z.string().min(1).optional(),
      umask: umask.optional(),
      /** Change the Python of the system, which Debian from 12 on forbids: apt manages it. */
      break_system_packages: z.boolean().default(false),
    },
    { error: refusing({ editable: 'run pip install -e in a command with creates' }) },
  )
  .refine(({ name, requirements }) => (name === undefined) !== (requirements === undefined), {
    error: 'set either name or requirements',
  })
  .refine(({ virtualenv, executable }) => virtualenv === undefined || executable === undefined, {
    error: 'set either virtualenv or executable',
  })
  .refine(({ version, state }) => version === undefined || state !== 'latest', {
    error: 'version is incompatible with state: latest',
  })
  .refine(({ version, name }) => version === undefined || (name?.length === 1 && /^[\w.[\]-]+$/.test(name[0] ?? '')), {
    error: 'version is for one name without a version: write name: requests==2.31',
  })
  .refine(({ state, requirements }) => state !== 'absent' || requirements === undefined, {
    error: 'state: absent needs name',
  })
  .refine(
    ({ virtualenv, requirements, chdir }) =>
      chdir !== undefined || [virtualenv, requirements].every((path) => path === undefined || path.startsWith('/')),
    {
      error: 'virtualenv and requirements must be absolute paths on the host, or relative to chdir',
    },
  )
  .refine(({ extra_args = '' }) => !splitWords(extra_args).some(isRefused), {
    error: 'an option of extra_args changes what pip does: use state, name and requirements, or run pip in a command',
  })

type Params = z.output<typeof schema>

const at = ({ chdir = '/' }: Params, path: string): string => posix.resolve(chdir, path)

/** The packages of Debian that bring pip. */
const PROGRAMS = ['python3', 'python3-pip', 'python3-venv', 'virtualenv', 'python3-virtualenv'].map(
  (name) => `package:${name}`,
)

/**
 * Installs and removes Python distributions. pip is asked whether the requirements are met, without network, so check
 * mode is exact; only `latest` asks the index.
 */
export const pip = defineModule<typeof schema, PipValues>({
  name: 'pip',
  schema,
  title: ({ name, requirements, virtualenv }) =>
    `${name?.join(', ') ?? requirements ?? ''}${virtualenv === undefined ? '' : ` in ${virtualenv}`}`,
  timeLimitSeconds: () => 1800,
  reads(params) {
    const { virtualenv, requirements, state } = params
    // The index may be a server that an earlier task starts.
    if (virtualenv === undefined || state === 'latest' || hasConstraints(params)) return undefined
    const file = requirements === undefined ? [] : contentOf(at(params, requirements))
    return [...treeAt(at(params, virtualenv)), ...file, ...PROGRAMS]
  },
  sets(params) {
    const { virtualenv } = params
    if (virtualenv === undefined) return undefined
    const path = at(params, virtualenv)
    return [...setTree(path), ...setNewDirectory(posix.dirname(path))]
  },
  probe: probePip,
  plan: planPip,
})
