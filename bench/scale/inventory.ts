import { statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { readInventory } from '../../src/inventory/index.ts'
import { megabytes, peakMemory, printRow, seconds } from './row.ts'

const HOSTS = 10_000
const GROUP = 100

/** A group as text, without a YAML library, which would otherwise be warm before the measurement. */
function group(rack: number): string {
  const hosts = Array.from({ length: GROUP }, (_, slot) => {
    const number = rack * GROUP + slot
    return `        host${number}: {ansible_host: 10.0.${number >> 8}.${number & 255}, slot: ${slot}}\n`
  })
  return `    rack${rack}:\n      vars: {rack: ${rack}}\n      hosts:\n${hosts.join('')}`
}

/** An inventory of 10,000 hosts in groups of 100, each host with an address and a variable. */
await printRow(async (folder) => {
  const groups = Array.from({ length: HOSTS / GROUP }, (_, rack) => group(rack))
  const file = path.join(folder, 'inventory.yaml')
  writeFileSync(file, `all:\n  vars: {ansible_user: ops}\n  children:\n${groups.join('')}`)
  const before = peakMemory()
  const start = seconds()
  const inventory = await readInventory(file)
  const took = seconds() - start
  if (inventory.hosts.size !== HOSTS) throw new Error(`read ${inventory.hosts.size} hosts of ${HOSTS}`)
  return {
    id: 'inventory',
    what: `reading an inventory of ${HOSTS} hosts`,
    value: took,
    unit: 's',
    detail: `${megabytes(statSync(file).size)} of YAML, ${HOSTS / GROUP} groups; peak memory ${megabytes(peakMemory())} (before: ${megabytes(before)})`,
  }
})
