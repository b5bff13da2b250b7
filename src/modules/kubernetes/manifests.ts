import { isUtf8 } from 'node:buffer'
import { Secret } from '../../values/secret.ts'
import type { K8sParams } from './params.ts'
import type { Inputs } from '../module.ts'
import { render, TemplateError } from '../../templates/index.ts'
import { ManifestError, nameOf, objectsIn, prepareObjects, readManifests, type KubeObject } from './objects.ts'

/** Manifest files on the controller. */
export const filesOf = ({ src = [], template = [] }: K8sParams): string[] => [...template, ...src]

/** Cache: both the probe and the plan need the objects. */
const cache = new WeakMap<Inputs, { readonly params: K8sParams; readonly objects: KubeObject[] | Error }>()

/** The objects, or the error in the manifests. */
export function manifestObjects(params: K8sParams, inputs: Inputs): KubeObject[] | Error {
  const cached = cache.get(inputs)
  if (cached?.params === params) return cached.objects
  let objects: KubeObject[] | Error
  try {
    objects = prepareObjects(readAll(params, inputs), params.namespace)
    if (params.prune) checkLabels(params, objects)
  } catch (error) {
    if (!(error instanceof ManifestError || error instanceof TemplateError)) throw error
    objects = error
  }
  cache.set(inputs, { params, objects })
  return objects
}

function readAll({ template = [], src = [], definition, vars }: K8sParams, inputs: Inputs): KubeObject[] {
  const text = (file: string): string => {
    const bytes = inputs[file] ?? Buffer.alloc(0)
    if (!isUtf8(bytes)) throw new ManifestError(`${file}: not UTF-8: convert the file`)
    return bytes.toString('utf8')
  }
  const plain = definition instanceof Secret ? definition.reveal() : definition
  const objects = [
    ...template.flatMap((file) => readManifests(render(text(file), file, vars).text, file)),
    ...src.flatMap((file) => readManifests(text(file), file)),
    ...(typeof plain === 'string' ? readManifests(plain, 'definition') : objectsIn(plain, 'definition')),
  ]
  if (objects.length === 0) throw new ManifestError('the manifests contain no objects')
  return objects
}

/** Objects without the labels are rejected: they could never be pruned. */
function checkLabels({ label_selectors, prune_kinds }: K8sParams, objects: readonly KubeObject[]): void {
  for (const object of objects.filter(({ kind }) => prune_kinds.includes(kind))) {
    const missing = label_selectors.find((selector) => {
      const [key = '', value] = selector.split('=')
      return object.metadata.labels?.[key] !== value
    })
    if (missing !== undefined)
      throw new ManifestError(
        `${nameOf(object)} lacks the label ${missing}, so it could never be pruned: add the label, or remove the kind from prune_kinds`,
      )
  }
}
