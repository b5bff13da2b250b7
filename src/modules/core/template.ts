import { isUtf8 } from 'node:buffer'
import { posix } from 'node:path'
import { z } from 'zod'
import { replacing, targetPath } from '../support/params.ts'
import { accountsOf, entryAt, setTree } from '../support/effects.ts'
import { pathProbe, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { planPlacement, type PlacedFile } from '../support/place-file.ts'
import { render, templateReferences, TemplateError, type ControllerFiles } from '../../templates/index.ts'
import { overlay } from '../../values/lazy.ts'
import { trackTemplateReads } from '../../values/var-reads.ts'
import type { InputFiles, Inputs } from '../module.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** Template on the controller (Jinja2, see [templates](#templates)). */
  src: z.string().min(1),
  /** Path on the host. A path that ends in `/` is a directory; the file name is that of `src` without `.j2`. */
  dest: targetPath,
  /** false: an existing file is not changed. */
  force: z.boolean().default(true),
  /** Variables of this template, in addition to the host's. */
  vars: z.record(z.string(), z.unknown()).default({}),
  ...replacing,
})

type Params = z.output<typeof schema>

const destination = ({ dest, src }: Params): string =>
  dest.endsWith('/') ? posix.join(dest, posix.basename(src).replace(/\.(j2|njk)$/, '')) : dest

const pathQuery = (params: Params): PathQuery => ({
  path: destination(params),
  owner: params.owner,
  group: params.group,
  read: 'diff',
})

/**
 * Files that a template names are read before it is rendered. Each has two keys, for the two places where it may be:
 * beside the template, and in `templates/`, `files/` or the project.
 */
const PLACES = ['beside', 'project'] as const

function referencedFiles({ src }: Params, inputs: Inputs): InputFiles {
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
  inputs: ({ src }) => ({ src }),
  furtherInputs: referencedFiles,
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
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
      const { text, confidential } = render(source, params.src, all, controllerFiles(inputs))
      return planPlacement({ ...params, dest: destination(params), content: Buffer.from(text), confidential }, observed)
    } catch (error) {
      if (error instanceof TemplateError) return { changes: [], problem: error.message }
      throw error
    }
  },
})
