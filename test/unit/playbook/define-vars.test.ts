import t from 'tap'
import * as z from 'zod'
import { defineVars, varTypes } from '../../../src/playbook/define-vars.ts'
import { PlaybookError } from '../../../src/playbook/play.ts'
import { Secret } from '../../../src/values/secret.ts'
import { VarReadTracker } from '../../../src/values/var-reads.ts'

const shop = defineVars('shop', {
  replicas: { schema: varTypes.integer(1, 50), default: 2, description: 'replicas' },
  ratio: { schema: varTypes.number(0, 1), default: 0.5, description: 'ratio' },
  sticky: { schema: varTypes.boolean(), default: false, description: 'sticky' },
  source: { schema: varTypes.oneOf(['distro', 'vendor'], { docker: 'vendor' }), default: 'distro', description: 's' },
  title: { schema: varTypes.text(), description: 'title' },
  names: { schema: varTypes.list(), default: [], description: 'names' },
  parts: { schema: varTypes.list(['dns', 'lb']), default: [], description: 'parts' },
  counts: { schema: varTypes.integers(1, 9, 'a list of integers such as 1,2'), default: [1], description: 'counts' },
  labels: { schema: varTypes.labels('{zone: a}'), default: {}, description: 'labels' },
  config: { schema: varTypes.mapping('{key: 1}'), default: {}, description: 'config' },
  token: { schema: varTypes.accepts('8 characters', () => undefined), description: 'token', secret: true },
  size: { schema: z.object({ memory: z.string() }), description: 'any zod schema will do' },
})

t.test('unset variables, and null of YAML, have the default', async (t) => {
  t.strictSame(
    { ...shop.read({ replicas: null }) },
    {
      replicas: 2,
      ratio: 0.5,
      sticky: false,
      source: 'distro',
      title: undefined,
      names: [],
      parts: [],
      counts: [1],
      labels: {},
      config: {},
      token: undefined,
      size: undefined,
    },
  )
})

/** A valid value as YAML gives it, the same as `-e name=value` gives it, and the value read. */
const VALID: readonly [name: keyof typeof shop.definitions, yaml: unknown, text: string | undefined, value: unknown][] =
  [
    ['replicas', 3, '3', 3],
    ['ratio', 0.25, '.25', 0.25],
    ['sticky', true, 'true', true],
    ['sticky', false, 'false', false],
    ['source', 'vendor', 'vendor', 'vendor'],
    ['source', 'docker', 'docker', 'vendor'],
    ['title', 17, '17', '17'],
    ['names', ['a', 'b'], 'a, b', ['a', 'b']],
    ['parts', ['lb'], 'lb', ['lb']],
    ['counts', [4, 1, 4], '4,1,4', [1, 4]],
    ['labels', { zone: 1 }, undefined, { zone: '1' }],
    ['config', { a: [1] }, undefined, { a: [1] }],
    ['size', { memory: '1G' }, undefined, { memory: '1G' }],
  ]

for (const [name, yaml, text, value] of VALID)
  t.test(`${name} accepts ${JSON.stringify(yaml)} of YAML and ${text} of -e`, async (t) => {
    t.strictSame(shop.read({ [name]: yaml })[name], value)
    if (text !== undefined) t.strictSame(shop.read({ [name]: text })[name], value)
  })

const INVALID: readonly [name: keyof typeof shop.definitions, value: unknown, message: string][] = [
  ['replicas', 'many', 'replicas is "many": it must be an integer from 1 to 50'],
  ['replicas', '', 'replicas is "": it must be an integer from 1 to 50'],
  ['replicas', 51, 'replicas is 51: it must be an integer from 1 to 50'],
  ['replicas', 2.5, 'replicas is 2.5: it must be an integer from 1 to 50'],
  ['replicas', true, 'replicas is true: it must be an integer from 1 to 50'],
  ['ratio', 1.5, 'ratio is 1.5: it must be a number from 0 to 1'],
  ['ratio', Number.NaN, 'ratio is null: it must be a number from 0 to 1'],
  ['sticky', 'yes', 'sticky is "yes": it must be true or false'],
  ['source', 'snap', 'source is "snap": it must be distro or vendor'],
  ['title', { a: 1 }, 'title is {"a":1}: it must be a string'],
  ['names', { a: 1 }, 'names is {"a":1}: it must be a list'],
  ['parts', 'dns,web', 'parts is "dns,web": it must be a list of dns, lb'],
  ['counts', 'many', 'counts is "many": it must be a list of integers such as 1,2'],
  ['counts', [], 'counts is []: it must be a list of integers such as 1,2'],
  ['labels', 'zone', 'labels is "zone": it must be a mapping such as {zone: a}'],
  ['config', [1], 'config is [1]: it must be a mapping such as {key: 1}'],
  ['token', 'hush', 'token: it must be 8 characters'],
  ['size', { memory: 1 }, 'size is {"memory":1}: memory: Invalid input: expected string, received number'],
]

for (const [name, value, message] of INVALID)
  t.test(`error: ${message}`, async (t) => {
    t.throws(() => shop.read({ [name]: value })[name], new PlaybookError(message))
    t.throws(() => shop.read({ [name]: value }, 'node1')[name], new PlaybookError(`node1: ${message}`))
  })

t.test('only a variable that is read can fail, and counts as used', async (t) => {
  const tracker = new VarReadTracker(['replicas', 'sticky'])
  const { replicas } = shop.read(tracker.view({ replicas: 3, sticky: 'broken' }))
  t.equal(replicas, 3)
  t.strictSame(tracker.unreadNames, ['sticky'])
})

t.test('secrets of a vault are values as others, and errors do not show them', async (t) => {
  const hidden = (text: string): Secret => new Secret(text)
  const read = shop.read({ title: hidden('shop77'), replicas: hidden('3'), names: ['a', hidden('b77')] }, 'node1')
  t.strictSame([read.title, read.replicas, read.names], ['shop77', 3, ['a', 'b77']])
  t.throws(() => shop.read({ replicas: hidden('many77') }, 'node1').replicas, {
    message: 'node1: replicas is "[REDACTED]": it must be an integer from 1 to 50',
  })
})
