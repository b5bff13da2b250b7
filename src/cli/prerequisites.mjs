// Runs before anything else, on any Node that reads ECMAScript modules: syntax of Node 14, and nothing from
// node_modules.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * What keeps Labbook from starting: a Node that is too old, packages that are not installed.
 *
 * @param {string} root - the project's folder.
 * @returns {string | undefined} the message for the user; undefined when nothing is missing.
 */
export function missingPrerequisite(root) {
  const { engines, dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const required = engines.node.replace(/[^\d.]/g, '')
  if (isOlder(process.versions.node, required)) {
    return `Labbook needs Node ${required} or newer, and this is Node ${process.versions.node} (${process.execPath}): install a newer one, then run "npm ci" in ${root}`
  }
  const missing = Object.keys(dependencies).filter((name) => !existsSync(path.join(root, 'node_modules', name)))
  if (missing.length > 0) return `${counted(missing)} not installed: run "npm ci" in ${root} first`
  return undefined
}

function isOlder(version, than) {
  const [numbers, others] = [version, than].map((text) => text.split('.').map(Number))
  const differs = others.findIndex((other, i) => other !== (numbers[i] || 0))
  return differs !== -1 && (numbers[differs] || 0) < others[differs]
}

const counted = ([first, ...others]) =>
  others.length === 0 ? `the npm package ${first} is` : `${others.length + 1} npm packages (${first} and others) are`
