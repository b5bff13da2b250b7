import { reveal, secret, Secret } from '../../values/secret.ts'

export type BodyFormat = 'raw' | 'json' | 'form-urlencoded'

export const CONTENT_TYPES: Readonly<Record<BodyFormat, string | undefined>> = {
  raw: undefined,
  json: 'application/json',
  'form-urlencoded': 'application/x-www-form-urlencoded',
}

/** Encodes a value as a request body; secret if it contains a secret. */
export function encodeBody(body: unknown, format: BodyFormat): string | Secret {
  if (typeof body === 'string' || body instanceof Secret) return body
  const text = format === 'json' ? json(body) : form(body)
  return containsSecret(body) ? secret(text) : text
}

/** Secret.toJSON masks the value, so the original is looked up. */
const json = (body: unknown): string =>
  JSON.stringify(body, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key]
    return original instanceof Secret ? original.reveal() : value
  })

const form = (body: unknown): string =>
  new URLSearchParams(
    Object.entries(body as object).map(([name, value]: [string, unknown]): [string, string] => [
      name,
      value instanceof Secret ? reveal(value) : String(value),
    ]),
  ).toString()

const containsSecret = (value: unknown): boolean =>
  value instanceof Secret || (typeof value === 'object' && value !== null && Object.values(value).some(containsSecret))
