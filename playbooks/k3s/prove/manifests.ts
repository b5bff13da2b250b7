import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { PlaybookError } from 'labbook'
import { isMap, isSeq, parseAllDocuments } from 'yaml'

/** A value of a manifest. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | Manifest

/** A Kubernetes object, or a part of one. */
export interface Manifest {
  readonly [key: string]: Value
}

/** A value as a map; empty if it is none. */
export const mapOf = (value: Value): Manifest =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Manifest) : {}

/** A value as a list of maps; empty if it is none. */
export const mapsOf = (value: Value): readonly Manifest[] =>
  Array.isArray(value) ? (value as readonly Value[]).map(mapOf) : []

/** A value as text; empty if it is none. */
export const textAt = (value: Value): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

/** The value at a path of keys. */
export const at = (object: Value, ...keys: readonly string[]): Value =>
  keys.reduce<Value>((value, key) => mapOf(value)[key], object)

export const kindOf = (object: Manifest): string => textAt(object.kind)
export const objectName = (object: Manifest): string => textAt(at(object, 'metadata', 'name'))
export const objectNamespace = (object: Manifest): string => textAt(at(object, 'metadata', 'namespace'))

/** A value in a manifest file, for suggestions. */
export interface ManifestSource {
  readonly file: string
  readonly object: Manifest
}

const EXTENSION = /\.(ya?ml|json)$/

/**
 * The files of `-e manifests=...`, in the order in which they are applied: those of a directory by name.
 *
 * @throws {PlaybookError} if there are none.
 */
export function manifestFiles(name: string): string[] {
  const given = path.resolve(name)
  if (!existsSync(given))
    throw new PlaybookError(`manifests: "${name}" does not exist: set it to a file or a directory`)
  if (!statSync(given).isDirectory()) return [given]
  const names = readdirSync(given).sort()
  if (names.some((each) => /^(kustomization\.ya?ml|Chart\.yaml)$/.test(each)))
    throw new PlaybookError(
      `manifests: "${name}" is a Kustomization or a Helm chart: render it first, with "kubectl kustomize" or ` +
        '"helm template", and set manifests to the output',
    )
  const files = names.filter((each) => EXTENSION.test(each)).map((each) => path.join(given, each))
  if (files.length === 0) throw new PlaybookError(`manifests: "${name}" has no file *.yaml, *.yml or *.json`)
  return files
}

/** The objects in manifest files. @throws {PlaybookError} if a file is not valid YAML, or has no object. */
export function readManifestFiles(files: readonly string[]): ManifestSource[] {
  const all = files.flatMap((file) => parseManifests(readFileSync(file, 'utf8'), path.relative('.', file)))
  if (all.length === 0) throw new PlaybookError('manifests: the files contain no objects')
  return all
}

/** The objects in the text of a manifest file; the items of a List as single objects. */
export function parseManifests(text: string, file: string): ManifestSource[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw new PlaybookError(`${file}: ${error.message}`)
    if (document.contents === null) return []
    if (!isMap(document.contents) && !isSeq(document.contents))
      throw new PlaybookError(`${file}: a manifest must be a mapping with "kind" and "metadata"`)
    const value = document.toJS() as Value
    return (Array.isArray(value) ? mapsOf(value) : [mapOf(value)])
      .flatMap((object) => (kindOf(object).endsWith('List') ? mapsOf(object.items) : [object]))
      .map((object) => {
        if (kindOf(object) === '' || objectName(object) === '')
          throw new PlaybookError(`${file}: an object has no "kind" or no "metadata.name"`)
        return { file, object }
      })
  })
}
