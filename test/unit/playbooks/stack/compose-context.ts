import { isScalar, parseDocument, visit } from 'yaml'
import type { ComposeContext } from '../../../../playbooks/stack/references.ts'

type Values = Readonly<Record<string, string>>

/** A context with these variables, and files with this content; undefined for a file that does not exist. */
export function composeContext({
  values = {},
  files = () => undefined,
}: {
  readonly values?: Values
  readonly files?: (name: string) => Buffer | string | undefined
} = {}): ComposeContext {
  return {
    lookup: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
    file(name) {
      const content = files(name)
      return content === undefined ? undefined : { size: Buffer.byteLength(content), read: () => Buffer.from(content) }
    },
    stack: 'shop',
  }
}

/** The data that `docker stack deploy` reads: only `$$` is left to interpolate, as a dollar sign. */
export function readByDocker(text: string): unknown {
  const document = parseDocument(text, { merge: true })
  const [error] = document.errors
  if (error !== undefined) throw error
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string') return
      const rest = node.value.replaceAll('$$', '')
      if (rest.includes('$')) throw new Error(`Docker would interpolate ${node.value}`)
      node.value = node.value.replaceAll('$$', () => '$')
    },
  })
  return document.toJS() as unknown
}
