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

type FormValue = string | number | boolean | Secret

const isFormValue = (value: unknown): value is FormValue =>
  value instanceof Secret || ['string', 'number', 'boolean'].includes(typeof value)

/** The fields of a form, or undefined if the value is none. A list is a field several times; null is no field. */
export function formFields(body: unknown): (readonly [name: string, value: FormValue])[] | undefined {
  if (typeof body !== 'object' || body === null || body instanceof Secret) return undefined
  const pairs: unknown[] = Array.isArray(body) ? body : Object.entries(body)
  const fields: (readonly [string, FormValue])[] = []
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string') return undefined
    const [name, value] = pair as [string, unknown]
    for (const each of [value].flat()) {
      if (each === null || each === undefined) continue
      if (!isFormValue(each)) return undefined
      fields.push([name, each])
    }
  }
  return fields
}

const form = (body: unknown): string =>
  new URLSearchParams(
    (formFields(body) ?? []).map(([name, value]): [string, string] => [
      name,
      value instanceof Secret ? reveal(value) : String(value),
    ]),
  ).toString()

/** Whether it is a secret, or has one at any depth. */
export const containsSecret = (value: unknown): boolean =>
  value instanceof Secret || (typeof value === 'object' && value !== null && Object.values(value).some(containsSecret))
