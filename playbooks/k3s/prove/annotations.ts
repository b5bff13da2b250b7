import { PlaybookError } from 'labbook'
import { parse } from 'yaml'
import { overrideFaults } from '../../prove/x-labbook.ts'
import { at, kindOf, type Manifest, mapOf, objectName, textAt } from './manifests.ts'

const PREFIX = 'labbook/'
/** The annotations, by the keys of `x-labbook` in a compose file. */
const ANNOTATIONS = {
  role: 'role',
  probe: 'probe',
  'depends-on': 'depends_on',
  skip: 'skip',
  'max-outage': 'max_outage',
} as const

type Key = keyof typeof ANNOTATIONS

/** What annotations of an object say, in the form of `x-labbook`: their values are YAML. */
export function overridesIn(object: Manifest): Record<string, never> {
  const annotations = mapOf(at(object, 'metadata', 'annotations'))
  const found = (Object.keys(ANNOTATIONS) as Key[]).flatMap((key) => {
    const value = annotations[`${PREFIX}${key}`]
    return value === undefined ? [] : [[ANNOTATIONS[key], yamlOf(textAt(value))] as const]
  })
  return Object.fromEntries(found) as Record<string, never>
}

function yamlOf(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return text
  }
}

/** @throws {PlaybookError} if an annotation of a workload has an error. */
export function requireValidAnnotations(workloads: readonly Manifest[]): void {
  const overrides = workloads.map((object) => [objectName(object), overridesIn(object)] as const)
  const services = Object.fromEntries(
    overrides.map(([name, own]) => [name, Object.keys(own).length === 0 ? {} : { 'x-labbook': own }]),
  )
  const [fault] = overrideFaults({ services })
  if (fault === undefined) return
  const name = String(fault.path[1])
  const object = workloads.find((each) => objectName(each) === name)
  const [, key = '', text = fault.message] = /^x-labbook\.?(\w*)(?:\.[\w.]+)?: (.*)$/s.exec(fault.message) ?? []
  const kind = object === undefined ? 'workload' : kindOf(object)
  const problem = text.replace('the file has no service', 'the manifests have no workload')
  throw new PlaybookError(`manifests: annotation ${PREFIX}${key.replaceAll('_', '-')} of ${kind} "${name}": ${problem}`)
}
