import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import path from 'node:path'

/**
 * Makes stack traces name the lines of the source files, where code runs from a bundle. Messages point to a task by the
 * line of the playbook it was written on. The map is read when the first position is asked for: most runs ask for none.
 *
 * @param {string} bundle - the file that positions are given in.
 * @param {string} mapFile - its source map.
 */
export function showSourcePositions(bundle, mapFile) {
  let map
  const source = (line, column) => {
    map ??= readMap(mapFile)
    const { originalSource, originalLine, originalColumn } = map?.findEntry(line - 1, column - 1) ?? {}
    if (originalSource === undefined) return undefined
    return `${path.resolve(path.dirname(mapFile), originalSource)}:${originalLine + 1}:${originalColumn + 1}`
  }
  const frame = (site) => {
    const text = String(site)
    if (site.getFileName() !== bundle) return text
    const place = source(site.getLineNumber(), site.getColumnNumber())
    return place === undefined ? text : text.replace(/(?<=^|\()[^()]*:\d+:\d+(?=\)?$)/, place)
  }
  Error.prepareStackTrace = (error, sites) =>
    [String(error), ...sites.map((site) => `    at ${frame(site)}`)].join('\n')
}

/**
 * Where a playbook's file has the mistake that was thrown while it was loaded.
 *
 * @param {string} root - the project's folder.
 * @param {unknown} error
 * @returns {string | undefined} `file:line:col` from the project's folder; undefined where no playbook took part.
 */
export function placeInPlaybook(root, error) {
  const places = String(error?.stack)
    .split('\n')
    .map((line) => /^ +at (?:.*\()?(\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1])
  const place = places.find(
    (each) => each?.startsWith(`${root}/`) && !/^(src|node_modules)\//.test(path.relative(root, each)),
  )
  return place && path.relative(root, place)
}

/** @returns {SourceMap | undefined} undefined where it cannot be read: then positions are those of the bundle. */
function readMap(file) {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
