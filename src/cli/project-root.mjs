import { existsSync } from 'node:fs'
import path from 'node:path'

/** Files that mark a project directory. */
const MARKERS = ['labbook.yaml', 'inventory.yaml']

/**
 * The project directory: the nearest directory with `labbook.yaml` or `inventory.yaml`, from `start` upwards; else the
 * working directory. Inventory, templates, files, group_vars and runs are relative to it.
 *
 * @param {string} start - the directory of the playbook; for a command without one, the working directory.
 * @param {string} workingDirectory
 * @returns {string}
 */
export function projectRoot(start, workingDirectory = process.cwd()) {
  const directory = ancestors(path.resolve(start)).find((each) =>
    MARKERS.some((name) => existsSync(path.join(each, name))),
  )
  return directory ?? workingDirectory
}

/**
 * A directory and those that contain it, from the inside out.
 *
 * @param {string} directory
 * @returns {string[]}
 */
export function ancestors(directory) {
  const parent = path.dirname(directory)
  return parent === directory ? [directory] : [directory, ...ancestors(parent)]
}
