import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Inventory } from '../inventory/index.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import { UsageError } from './usage-error.ts'

const VARIABLE = 'report_signing_key'

/**
 * The key that signs the manifest of a run: `report_signing_key` of the group `all`, or an extra variable.
 *
 * @returns a path; undefined if it is not set.
 * @throws {UsageError} the file does not exist.
 */
export function signingKey({
  inventory,
  extraVars,
  root,
}: {
  readonly inventory: Inventory
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly root: string
}): string | undefined {
  // Every host has the variables of group `all`. localhost always exists.
  const value = inventoryVariables(inventory, extraVars)('localhost')[VARIABLE]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw new UsageError(`${VARIABLE} is not the path of a key file`)
  const key = value.startsWith('~/') ? path.join(homedir(), value.slice(2)) : path.resolve(root, value)
  if (!existsSync(key))
    throw new UsageError(`${VARIABLE}: ${key} does not exist: create a key with ssh-keygen, or name another`)
  return key
}
