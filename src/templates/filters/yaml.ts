import { parseDocument, isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml'
import { asInt, asText, plugin, type Call, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { Dict, Float, isTrue, toInt } from '../values.ts'
import { YamlWriter } from './yaml-writer.ts'

function toYaml(value: unknown, named: Call['named'], defaults: Readonly<Record<string, unknown>>): string {
  const options = { ...defaults, ...Object.fromEntries(named) }
  for (const name of Object.keys(options))
    if (!['indent', 'width', 'sort_keys', 'default_flow_style', 'allow_unicode'].includes(name))
      fail(`the argument "${name}" is not supported`)
  if (options.allow_unicode === false) fail('allow_unicode=False is not supported')
  const flow = options.default_flow_style ?? null
  const indent = asInt(options.indent ?? 2, 'indent')
  const width = asInt(options.width ?? 80, 'width')
  return new YamlWriter({
    indent: indent > 1 && indent < 10 ? indent : 2,
    width: width > indent * 2 ? width : 80,
    sortKeys: isTrue(options.sort_keys ?? true),
    flow: flow === null ? null : isTrue(flow),
  }).write(value)
}

/** YAML 1.1, as Ansible reads it. */
function fromYaml(text: string): unknown {
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    intAsBigInt: true,
    uniqueKeys: false,
    logLevel: 'error',
  })
  const [error] = document.errors
  if (error !== undefined)
    return fail(`the text is not YAML: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '')}`)
  return convert(document.contents, document)
}

function convert(node: unknown, document: Document.Parsed): unknown {
  if (node === null) return null
  if (isAlias(node)) return convert(node.resolve(document), document)
  if (isSeq(node)) return node.items.map((item) => convert(item, document))
  if (isMap(node)) {
    const dict = new Dict()
    for (const { key, value } of node.items) {
      if (isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol'))
        mergeInto(dict, convert(value, document))
      else dict.set(convert(key, document), convert(value, document))
    }
    return dict
  }
  return isScalar(node) ? scalar(node) : fail('the YAML has a node that is not supported')
}

function mergeInto(dict: Dict, from: unknown): void {
  for (const each of Array.isArray(from) ? (from as unknown[]) : [from])
    if (each instanceof Dict) for (const [key, value] of each.entries()) if (!dict.has(key)) dict.set(key, value)
}

function scalar({ value, tag }: Node & { value?: unknown }): unknown {
  if (tag !== undefined && !/^(tag:yaml\.org,2002:|!$)/.test(tag)) return fail(`the tag "${tag}" is not supported here`)
  if (typeof value === 'bigint') return toInt(value)
  if (typeof value === 'number') return new Float(value)
  if (value instanceof Date) return fail('a date in YAML is not supported: quote it')
  return value
}

export const yamlFilters: Readonly<Record<string, Plugin>> = {
  to_yaml: plugin([], (value, _, { named }) => toYaml(value, named, {}), { named: true }),
  to_nice_yaml: plugin(
    [['indent', 4]],
    (value, [indent], { named }) => toYaml(value, named, { indent, default_flow_style: false }),
    { named: true },
  ),
  from_yaml: plugin([], (value) => (value === null ? null : fromYaml(asText(value, 'the input of "from_yaml"')))),
}
