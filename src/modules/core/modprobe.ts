import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import { contentOf, setContent, setTree, treeAt } from '../support/effects.ts'
import { disabledOptions, disabledModule, moduleFacts, type ModuleFacts } from '../support/kernel-modules.ts'
import { replaceFile } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'

const LOAD = '/etc/modules-load.d'
const OPTIONS = '/etc/modprobe.d'
/** On Debian, a link to /etc/modules. */
const LINK = `${LOAD}/modules.conf`
const LINKED = '/etc/modules'

const schema = z.strictObject({
  /** Name of the kernel module. */
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/, { error: 'must be the name of a kernel module' }),
  state: z.enum(['present', 'absent']).default('present'),
  /** Parameters for loading it: `numdummies=2`. An already loaded module keeps its own. */
  params: z
    .string()
    .transform((text) => text.split(/\s+/).filter((word) => word !== ''))
    .pipe(z.array(z.string().regex(/^\w+=[^\s#;]+$/, { error: 'must be NAME=VALUE, separated by blanks' })))
    .default([]),
  /**
   * Load the module at boot: a file in /etc/modules-load.d, its parameters in /etc/modprobe.d. `absent` comments the
   * lines of the module out, `disabled` leaves the files as they are.
   */
  persistent: z.enum(['disabled', 'present', 'absent']).default('disabled'),
})

type Params = z.output<typeof schema>

/** The module, with Ansible's names. */
export interface ModprobeValues {
  readonly name: string
  readonly params: string
  readonly state: 'present' | 'absent'
}

/** Loads and unloads kernel modules, now and at boot. */
export const modprobe = defineModule<typeof schema, ModprobeValues>({
  name: 'modprobe',
  schema,
  reads: ({ name, persistent }) => [
    `kernel-module:${name}`,
    'package:kmod',
    ...(persistent === 'disabled' ? [] : [...treeAt(LOAD), ...treeAt(OPTIONS), ...contentOf(LINKED)]),
  ],
  sets: ({ name, persistent }) => [
    `kernel-module:${name}`,
    ...(persistent === 'disabled' ? [] : [...setTree(LOAD), ...setTree(OPTIONS), ...setContent(LINKED)]),
  ],
  title: ({ name, state }) => `${name}${state === 'absent' ? ' absent' : ''}`,
  probe: ({ name, persistent }) =>
    [
      sh`if grep -q ${`^${name.replaceAll('-', '_')} `} /proc/modules 2>/dev/null; then echo loaded`,
      sh`elif grep -q ${`/${name}\\.ko$`} "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null; then echo builtin; fi`,
      'command -v modprobe >/dev/null || echo no-modprobe',
      ...(persistent === 'disabled'
        ? []
        : [
            `for lb_f in ${LOAD}/* ${OPTIONS}/*; do [ -f "$lb_f" ] || continue`,
            // The last line may have no newline; an empty line is ignored.
            `  printf 'file %s\\n' "$lb_f"; sed 's/^/|/' "$lb_f" || exit; echo; done`,
          ]),
    ].join('\n'),
  plan(params, { stdout, exitCode, stderr }) {
    const { name, state } = params
    if (exitCode !== 0) return { changes: [], problem: `cannot read the files of kernel modules: ${stderr.trim()}` }
    const facts = moduleFacts(stdout)
    const wanted = state === 'present'
    const changes: Change[] = []
    if (!wanted && facts.isBuiltIn)
      return { changes: [], problem: `${name} is built into the kernel and cannot be unloaded` }
    if (wanted !== (facts.isLoaded || facts.isBuiltIn)) {
      if (facts.hasNoModprobe)
        return { changes: [], problem: 'modprobe not found on this host: install the package kmod' }
      changes.push(wanted ? load(params) : unload(name))
    }
    return {
      changes: [...changes, ...persistentChanges(params, facts)],
      values: { name, params: params.params.join(' '), state },
    }
  },
})

const load = ({ name, params }: Params): Change => ({
  description: `load kernel module ${[name, ...params].join(' ')}`,
  script: sh`modprobe -- ${name} ${params} || exit`,
  // modprobe of busybox has no dry run.
  dryRun: sh`! modprobe --version >/dev/null 2>&1 || modprobe -n -- ${name} ${params}`,
  sets: [`kernel-module:${name}`],
})

const unload = (name: string): Change => ({
  description: `unload kernel module ${name}`,
  script: sh`modprobe -r -- ${name} || exit`,
  dryRun: sh`! modprobe --version >/dev/null 2>&1 || modprobe -n -r -- ${name}`,
  sets: [`kernel-module:${name}`],
})

function persistentChanges({ name, params, persistent }: Params, { files }: ModuleFacts): Change[] {
  if (persistent === 'disabled') return []
  const inLoad = files.filter(({ path }) => path.startsWith(`${LOAD}/`))
  const inOptions = files.filter(({ path }) => path.startsWith(`${OPTIONS}/`))
  const isListed = inLoad.some(({ text }) => disabledModule(text, name) !== text)
  const current = new Set(inOptions.flatMap(({ text }) => disabledOptions(text, name).options))
  const isSame = current.size === new Set(params).size && params.every((param) => current.has(param))
  const withoutOptions = inOptions.map((file) => ({ ...file, text: disabledOptions(file.text, name).text }))
  if (persistent === 'absent')
    return changedFiles(files, [
      ...inLoad.map((file) => ({ ...file, text: disabledModule(file.text, name) })),
      ...withoutOptions,
    ])
  const own = `${OPTIONS}/${name}.conf`
  const options = params.map((param) => `options ${name} ${param}\n`).join('')
  return changedFiles(files, [
    ...(isListed ? [] : [{ path: `${LOAD}/${name}.conf`, text: `${name}\n` }]),
    ...(isSame
      ? []
      : [
          ...withoutOptions.filter(({ path }) => path !== own),
          ...(params.length === 0 && !inOptions.some(({ path }) => path === own) ? [] : [{ path: own, text: options }]),
        ]),
  ])
}

interface TextFile {
  readonly path: string
  readonly text: string
}

const changedFiles = (before: readonly TextFile[], after: readonly TextFile[]): Change[] =>
  after.flatMap(({ path, text }) => {
    const old = before.find((file) => file.path === path)?.text
    return old === text
      ? []
      : [
          {
            description: `${old === undefined ? 'create' : 'update'} ${path}`,
            script: [
              sh`mkdir -p -- ${path.slice(0, path.lastIndexOf('/'))} || exit`,
              replaceFile({ path, fill: sh`printf %s ${text} >&8`, mode: 0o644, followLink: true }),
            ].join('\n'),
            sets: [...setContent(path), ...(path === LINK ? setContent(LINKED) : [])],
            diff: { subject: path, before: old ?? '', after: text },
          },
        ]
  })
