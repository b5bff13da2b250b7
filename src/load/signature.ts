/** Which replica responded. */
export interface ReplicaSignature {
  readonly replica?: string | undefined
  readonly node?: string | undefined
}

/**
 * Reads the headers `X-Replica` and `X-Node`, or the fields `replica` and `node` of a JSON body.
 *
 * @param header - returns a header by its lower-case name.
 * @param body - returns the body, possibly truncated.
 */
export function signatureOf(header: (name: string) => string | undefined, body: () => string): ReplicaSignature {
  const replica = header('x-replica')
  if (replica !== undefined) return { replica, node: header('x-node') }
  const text = body()
  const field = (name: string): string | undefined =>
    new RegExp(`"${name}"\\s*:\\s*"([^"\\\\]{1,200})"`).exec(text)?.[1]
  return { replica: field('replica'), node: field('node') }
}
