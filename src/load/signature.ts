/** Who gave an answer, as the Counter app says it. */
export interface Signature {
  readonly replica?: string | undefined
  readonly node?: string | undefined
}

/**
 * Reads it from the headers `X-Replica` and `X-Node`, or from the fields `replica` and `node` of a JSON body.
 *
 * @param header - a header by its name in small letters.
 * @param body - what is there of the body.
 */
export function signatureOf(header: (name: string) => string | undefined, body: () => string): Signature {
  const replica = header('x-replica')
  if (replica !== undefined) return { replica, node: header('x-node') }
  const text = body()
  const field = (name: string): string | undefined =>
    new RegExp(`"${name}"\\s*:\\s*"([^"\\\\]{1,200})"`).exec(text)?.[1]
  return { replica: field('replica'), node: field('node') }
}
