import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import * as z from 'zod'
import { schemaFiles } from '../../../docs/generate.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

const inventory = z.fromJSONSchema(JSON.parse(read('schema/inventory.json')) as Parameters<typeof z.fromJSONSchema>[0])
const problems = (yaml: string): string[] =>
  inventory.safeParse(parse(yaml)).error?.issues.map((issue) => issue.path.join('.')) ?? []

t.test('schema/ is what npm run docs writes', async (t) => {
  for (const [file, text] of Object.entries(schemaFiles())) t.equal(read(file), text, file)
})

t.test('the inventories of the repository and of labbook init match the schema', async (t) => {
  for (const file of ['inventory.yaml', 'starter/inventory.yaml', 'test/lab/inventory.yaml'])
    t.strictSame(problems(read(file)), [], file)
  t.match(read('inventory.yaml'), /^# yaml-language-server: \$schema=\.\/schema\/inventory\.json\n/)
  t.match(
    read('starter/inventory.yaml'),
    /^# yaml-language-server: \$schema=\.\/node_modules\/labbook\/schema\/inventory\.json\n/,
  )
})

t.test('the schema has what a variable accepts', async (t) => {
  const group = (vars: string): string => `all: {vars: {${vars}}}\n`
  t.strictSame(problems(group('counter_port: 8080, balancer: nginx, balancer_sticky: true, mine: 1')), [])
  t.strictSame(problems(group("counter_port: '{{ base + 1 }}', balancer: '{{ b }}', balancer_sticky: '{{ s }}'")), [])
  t.strictSame(problems(group('counter_port: 70000')), ['all.vars.counter_port'])
  t.strictSame(problems(group('balancer: apache')), ['all.vars.balancer'])
  t.strictSame(problems('all: {host: {web1: }}'), ['all'], 'an unknown key of a group')
})
