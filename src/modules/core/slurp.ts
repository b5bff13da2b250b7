import * as z from 'zod'
import { sha256 } from '../support/file-content.ts'
import { targetFile } from '../support/params.ts'
import { contentOf, readsAt } from '../support/effects.ts'
import { pathProbe, parsePathFacts, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { isOrBecomesPrivate } from '../support/place-file.ts'
import { defineModule } from '../task.ts'
import { secret } from '../../values/secret.ts'

const LIMIT = 1024 * 1024

const schema = z.strictObject({
  /** A text file on the host, up to 1 MB. */
  src: targetFile,
})

/** A file's text. */
export interface SlurpValues {
  readonly content: string
  /** SHA-256 of the text, in hexadecimal. */
  readonly sha256: string
}

const pathQuery = ({ src }: z.output<typeof schema>): PathQuery => ({
  path: src,
  follow: true,
  read: { text: LIMIT, hash: true },
})

/**
 * Reads a text file of the host. The text of a file that others on the host cannot read is in no record, and is masked
 * as a whole and line by line where it is used; for parts of lines, use `secret()`.
 */
export const slurp = defineModule<typeof schema, SlurpValues>({
  name: 'slurp',
  schema,
  reads: ({ src }) => contentOf(src),
  sets: () => [],
  title: ({ src }) => src,
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
  printsFiles: true,
  plan({ src }, observed) {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot read ${src}: ${facts}` }
    const reads = readsAt(facts, contentOf)
    const problem = (why: string) => ({ changes: [], problem: `cannot read ${src}: ${why}`, ...reads })
    if (facts.kind === null) return problem('it does not exist')
    if (facts.kind !== 'file') return problem('not a regular file')
    const { content } = facts
    if (content === undefined) return problem(`${facts.size} bytes exceed the limit of ${LIMIT}`)
    const hash = sha256(content)
    if (content.includes('\0') || hash !== facts.sha256) return problem('not UTF-8 text')
    const confidential = isOrBecomesPrivate(facts)
    // Shorter text would be masked wherever it occurs.
    if (confidential && content.trim().length >= 8) secret(content)
    return { changes: [], values: { content, sha256: hash }, confidential, ...reads }
  },
})
