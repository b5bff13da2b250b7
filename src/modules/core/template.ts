import { isUtf8 } from 'node:buffer'
import { posix } from 'node:path'
import * as z from 'zod'
import { modeOrPreserve, replacing, targetPath } from '../support/params.ts'
import { accountsOf, entryAt, setTree } from '../support/effects.ts'
import { pathProbe, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { inNewDirectory, planPlacement, type PlacedFile } from '../support/place-file.ts'
import { render, templateReferences, TemplateError, type ControllerFiles } from '../../templates/index.ts'
import { overlay } from '../../values/lazy.ts'
import { trackTemplateReads } from '../../values/var-reads.ts'
import type { InputFiles, Inputs } from '../module.ts'
import { entriesIn } from '../support/copy-tree.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** Template on the controller (Jinja2, see [templates](#templates)). */
  src: z.string().min(1),
  /**
   * Path on the host. It may be a directory, or a link to one: the file is put into it. With a trailing `/` its name is
   * that of `src` without `.j2`.
   */
  dest: targetPath,
  /** false: an existing file is not changed. */
  force: z.boolean().default(true),
  /** If `dest` is a link to a file: write to that file. Otherwise the link is replaced. */
  follow: z.boolean().default(false),
  /** Variables of this template, in addition to the host's. */
  vars: z.record(z.string(), z.unknown()).default({}),
  /** Remove the newline after a block. */
  trim_blocks: z.boolean().default(true),
  /** Remove blanks before a block, if nothing else is before it in the line. */
  lstrip_blocks: z.boolean().default(false),
  /** Newline of the file: `\n`, `\r\n` or `\r`. */
  newline_sequence: z
    .enum(['\n', '\r\n', '\r', '\\n', '\\r\\n', '\\r'])
    .default('\n')
    .transform((text) => text.replaceAll('\\n', '\n').replaceAll('\\r', '\r')),
  ...replacing,
  /** As in `file`, or `preserve`: that of the template. */
  mode: modeOrPreserve.optional(),
})

type Params = z.output<typeof schema>

const destination = ({ dest, src }: Params): string =>
  dest.endsWith('/') ? posix.join(dest, posix.basename(src).replace(/\.(j2|njk)$/, '')) : dest

/** As in Ansible, with the extension. */
const nameInDirectory = ({ dest, src }: Params): string | undefined =>
  dest.endsWith('/') ? undefined : posix.basename(src)

const pathQuery = (params: Params): PathQuery => ({
  path: destination(params),
  nameInDirectory: nameInDirectory(params),
  follow: params.follow,
  access: 'change',
  owner: params.owner,
  group: params.group,
  read: 'diff',
})

/**
 * Files that a template names are read before it is rendered. Each has two keys, for the two places where it may be:
 * beside the template, and in `templates/`, `files/` or the project.
 */
const PLACES = ['beside', 'project'] as const

function referencedFiles({ src }: Params, inputs: Inputs): Readonly<Record<string, string>> {
  const templates = Object.entries(inputs).filter(([key]) => key === 'src' || key.startsWith('template:'))
  const found = templates.map(([key, content]) =>
    templateReferences(content.toString('utf8'), key === 'src' ? src : key),
  )
  const directory = posix.dirname(src)
  const files = (kind: string, names: ReadonlySet<string>): [string, string][] =>
    [...names].flatMap((name): [string, string][] => [
      [`${kind}:beside:${name}`, posix.isAbsolute(name) ? name : posix.join(directory, name)],
      [`${kind}:project:${name}`, name],
    ])
  return Object.fromEntries(
    found.flatMap(({ templates: included, files: plain }) => [...files('template', included), ...files('file', plain)]),
  )
}

const controllerFiles = (inputs: Inputs): ControllerFiles => {
  const text =
    (kind: string) =>
    (name: string): string | undefined =>
      PLACES.map((place) => inputs[`${kind}:${place}:${name}`])
        .find((content) => content !== undefined)
        ?.toString('utf8')
  return { template: text('template'), file: text('file') }
}

/** Variables that Ansible adds to those of the inventory. */
function magicVariables(vars: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { inventory_hostname: host, groups, hostvars } = vars
  if (typeof host !== 'string' || groups === undefined) return { ansible_managed: 'Ansible managed' }
  const names = Object.entries(groups as Readonly<Record<string, readonly string[]>>)
    .filter(([name, hosts]) => name !== 'all' && name !== 'ungrouped' && hosts.includes(host))
    .map(([name]) => name)
    .sort()
  return {
    ansible_managed: 'Ansible managed',
    hostvars,
    group_names: names.length === 0 ? ['ungrouped'] : names,
    inventory_hostname_short: host.split('.')[0],
  }
}

/** Renders a template of the controller with the host's variables to a file on the host. */
export const template = defineModule<typeof schema, PlacedFile>({
  name: 'template',
  schema,
  title: destination,
  reads: (params) => [...entryAt(destination(params)), ...accountsOf(params)],
  sets: (params) => setTree(destination(params)),
  inputs: ({ src, mode }): InputFiles => ({ src: mode === 'preserve' ? { tree: src, followLinks: true } : src }),
  furtherInputs: referencedFiles,
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
  planAfter(params, observed, state, inputs, vars) {
    const after = inNewDirectory(destination(params), observed, state)
    return after && this.plan(params, after, inputs, vars)
  },
  plan(params, observed, inputs, vars) {
    try {
      // Other bytes would be replaced.
      const foreign = Object.entries(inputs).find(([, bytes]) => !isUtf8(bytes))
      if (foreign !== undefined) {
        const file = foreign[0] === 'src' ? params.src : foreign[0].replace(/^\w+:\w+:/, '')
        return { changes: [], problem: `${file}: not UTF-8: convert the file` }
      }
      const source = inputs['src']?.toString('utf8') ?? ''
      trackTemplateReads(source, vars)
      const all = overlay(magicVariables(vars), vars, params.vars)
      const { trim_blocks, lstrip_blocks, newline_sequence } = params
      const whitespace = { trim_blocks, lstrip_blocks, newline_sequence }
      const { text, confidential } = render(source, params.src, all, controllerFiles(inputs), whitespace)
      const content = Buffer.from(text)
      const mode = params.mode === 'preserve' ? entriesIn(inputs)[0]?.mode : params.mode
      const [dest, name] = [destination(params), nameInDirectory(params)]
      return planPlacement({ ...params, mode, dest, nameInDirectory: name, content, confidential }, observed)
    } catch (error) {
      if (error instanceof TemplateError) return { changes: [], problem: error.message }
      throw error
    }
  },
})
