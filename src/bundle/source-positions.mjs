import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import path from 'node:path'

/**
 * Maps stack traces of bundled code to the source files, so that errors show the position of a task in its playbook.
 * The source map is read on demand: most runs do not need it.
 *
 * @param {string} bundle - the bundle, which positions refer to.
 * @param {string} mapFile - its source map.
 */
export function showSourcePositions(bundle, mapFile) {
  /** @type {SourceMap | undefined} */
  let map
  const source = (/** @type {number} */ line, /** @type {number} */ column) => {
    map ??= readMap(mapFile)
    /** @type {Partial<import('node:module').SourceMapping>} */
    const { originalSource, originalLine = 0, originalColumn = 0 } = map?.findEntry(line - 1, column - 1) ?? {}
    if (originalSource === undefined) return undefined
    return `${path.resolve(path.dirname(mapFile), originalSource)}:${originalLine + 1}:${originalColumn + 1}`
  }
  const frame = (/** @type {NodeJS.CallSite & { toString(): string }} */ site) => {
    const text = site.toString()
    if (site.getFileName() !== bundle) return text
    const place = source(site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0)
    return place === undefined ? text : text.replace(/(?<=^|\()[^()]*:\d+:\d+(?=\)?$)/, place)
  }
  Error.prepareStackTrace = (error, sites) =>
    [String(error), ...sites.map((site) => `    at ${frame(site)}`)].join('\n')
}

/**
 * The position in a playbook of an error thrown while loading it.
 *
 * @param {string} root - the project directory.
 * @param {string} sources - Labbook's own code.
 * @param {unknown} error
 * @returns {string | undefined} `file:line:col` relative to the project directory; undefined if no playbook is in the
 *   stack.
 */
export function placeInPlaybook(root, sources, error) {
  const places = String(/** @type {{ stack?: unknown } | null | undefined} */ (error)?.stack)
    .split('\n')
    .map((line) => /^ +at (?:.*\()?(\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1])
  const place = places.find(
    (each) => each?.startsWith(`${root}/`) && !each.startsWith(`${sources}/`) && !each.includes('/node_modules/'),
  )
  return place && path.relative(root, place)
}

/**
 * @param {string} file
 * @returns {SourceMap | undefined} undefined if it cannot be read; positions are then those of the bundle.
 */
function readMap(file) {
  try {
    return new SourceMap(/** @type {import('node:module').SourceMapPayload} */ (JSON.parse(readFileSync(file, 'utf8'))))
  } catch {
    return undefined
  }
}
