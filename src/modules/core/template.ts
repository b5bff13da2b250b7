import { posix } from 'node:path'
import { z } from 'zod'
import { replacing, targetPath } from '../support/params.ts'
import { accountsOf, entryAt, setTree } from '../support/effects.ts'
import { pathProbe, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { planPlacement, type PlacedFile } from '../support/place-file.ts'
import { render, TemplateError } from '../support/render.ts'
import { templateScope, trackTemplateReads } from '../../values/var-reads.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** Template on the controller (nunjucks, Jinja2 syntax). */
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

/** Renders a template of the controller with the host's variables to a file on the host. */
export const template = defineModule<typeof schema, PlacedFile>({
  name: 'template',
  schema,
  title: destination,
  reads: (params) => [...entryAt(destination(params)), ...accountsOf(params)],
  sets: (params) => setTree(destination(params)),
  inputs: ({ src }) => ({ src }),
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
  plan(params, observed, inputs, vars) {
    try {
      const source = inputs['src']?.toString('utf8') ?? ''
      trackTemplateReads(source, vars)
      const { text, confidential } = render(source, params.src, templateScope(source, vars, params.vars))
      return planPlacement({ ...params, dest: destination(params), content: Buffer.from(text), confidential }, observed)
    } catch (error) {
      if (error instanceof TemplateError) return { changes: [], problem: error.message }
      throw error
    }
  },
})
