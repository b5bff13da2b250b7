// Runs first, on any Node with ECMAScript modules: Node 14 syntax, and no imports from node_modules.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ancestors } from './project-root.mjs'

/**
 * Checks that Node is new enough and that the packages are installed.
 *
 * @param {string} root - Labbook's directory. As an installed package it has its dependencies beside it.
 * @returns {string | undefined} an error message; undefined if nothing is missing.
 */
export function missingPrerequisite(root) {
  const { engines, dependencies } = /** @type {{ engines: { node: string }, dependencies: Record<string, string> }} */ (
    JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  )
  const install = installCommand(root)
  const required = engines.node.replace(/[^\d.]/g, '')
  if (isOlder(process.versions.node, required)) {
    return `Labbook requires Node ${required} or newer, but this is Node ${process.versions.node} (${process.execPath}): upgrade it, then run ${install}`
  }
  const directories = ancestors(root).map((directory) => path.join(directory, 'node_modules'))
  const missing = Object.keys(dependencies).filter(
    (name) => !directories.some((directory) => existsSync(path.join(directory, name))),
  )
  if (missing.length > 0) return `${counted(missing)} not installed: run ${install} first`
  return undefined
}

/** @param {string} root */
function installCommand(root) {
  const [project = '', ...rest] = root.split(`${path.sep}node_modules${path.sep}`)
  if (rest.length === 0) return `"npm ci" in ${root}`
  const isGlobal = !existsSync(path.join(project, 'package.json'))
  return isGlobal ? '"npm install --global labbook"' : `"npm install" in ${project}`
}

/**
 * @param {string} version
 * @param {string} than
 */
function isOlder(version, than) {
  const [numbers, others] = [numbersOf(version), numbersOf(than)]
  const differs = others.findIndex((other, i) => other !== (numbers[i] || 0))
  return differs !== -1 && (numbers[differs] || 0) < (others[differs] || 0)
}

const numbersOf = (/** @type {string} */ version) => version.split('.').map(Number)

const counted = (/** @type {string[]} */ [first, ...others]) =>
  others.length === 0 ? `npm package ${first} is` : `${others.length + 1} npm packages (${first} and others) are`
