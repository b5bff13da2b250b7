import { z } from 'zod'
import { Secret } from '../values/secret.ts'
import type { Observed } from './observed.ts'
import { curl, headers, httpUrl } from './support/http.ts'
import { encodeBody, CONTENT_TYPES } from './support/http-body.ts'
import { alwaysSecret } from './support/params.ts'
import { lastLine } from './support/text.ts'
import { defineModule } from './task.ts'

const schema = z
  .strictObject({
    url: httpUrl,
    /** GET, HEAD and OPTIONS only look: they run in check mode too and are no change. */
    method: z
      .string()
      .toUpperCase()
      .regex(/^[A-Z]+$/)
      .default('GET'),
    /** The answer that is right, or a list of them. */
    status_code: z
      .union([z.number().int(), z.array(z.number().int()).nonempty()], { error: 'write a number or a list of numbers' })
      .default(200)
      .transform((codes) => [codes].flat()),
    return_content: z.boolean().default(false),
    /** Text, or with `body_format` a value to encode; secrets in it stay secret. */
    body: z.unknown().optional(),
    body_format: z.enum(['raw', 'json', 'form-urlencoded']).default('raw'),
    headers: headers.default({}),
    url_username: z.string().optional(),
    url_password: alwaysSecret.optional(),
    validate_certs: z.boolean().default(true),
    /** Certificates to trust, a file on the host. */
    ca_path: z.string().optional(),
    /** Seconds for all of it. */
    timeout: z.number().positive().default(30),
  })
  .refine(
    ({ body, body_format }) =>
      body === undefined || body_format !== 'raw' || typeof body === 'string' || body instanceof Secret,
    { error: "a body that is not text needs body_format: 'json' or 'form-urlencoded'", path: ['body'] },
  )

type Params = z.output<typeof schema>

export interface UriValues {
  /** -1: there was no answer. */
  readonly status: number
  readonly url: string
  readonly content?: string
  /** The content, where it is JSON. */
  readonly json?: unknown
}

const onlyLooks = ({ method }: Params): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method)

/** Asks a web server from the host, with the host's curl. */
export const uri = defineModule<typeof schema, UriValues>({
  name: 'uri',
  schema,
  // What a server answers may depend on anything, and what is sent to it may cause anything.
  reads: (params) => (onlyLooks(params) ? undefined : []),
  sets: (params) => (onlyLooks(params) ? [] : undefined),
  title: ({ method, url }) => `${method} ${url}`,
  probe: (params) => (onlyLooks(params) ? request(params) : ':'),
  plan(params, observed) {
    const { method, url } = params
    if (!onlyLooks(params)) return { changes: [{ description: `send ${method} to ${url}`, script: request(params) }] }
    const { values, failed } = answer(params, observed)
    return { changes: [], values, ...(failed === undefined ? {} : { problem: failed }) }
  },
  result: (params, applied) => answer(params, applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
  timeLimitSeconds: ({ timeout }) => timeout + 15,
})

/** After the content: status, type and address, a line each. */
const WRITE_OUT = '\n%{http_code}\n%{content_type}\n%{url_effective}'

function request(params: Params): string {
  const {
    url,
    method,
    body,
    body_format,
    return_content,
    url_username,
    url_password,
    validate_certs,
    ca_path,
    timeout,
  } = params
  const named = Object.keys(params.headers).some((name) => name.toLowerCase() === 'content-type')
  const type = CONTENT_TYPES[body_format]
  const script = curl({
    url,
    method,
    headers: {
      ...(body === undefined || named || type === undefined ? {} : { 'Content-Type': type }),
      ...params.headers,
    },
    body: body === undefined ? undefined : encodeBody(body, body_format),
    user: url_username === undefined ? undefined : { name: url_username, password: url_password ?? '' },
    validateCerts: validate_certs,
    caPath: ca_path,
    followRedirects: onlyLooks(params),
    connectTimeout: timeout,
    maxTime: timeout,
    options: { 'write-out': WRITE_OUT, ...(return_content && method !== 'HEAD' ? {} : { output: '/dev/null' }) },
  })
  return `command -v curl >/dev/null || { echo 'curl is not on this host: install it first' >&2; exit 127; }\n${script}`
}

function answer(
  { url, status_code, return_content }: Params,
  { stdout, stderr, exitCode }: Observed,
): { values: UriValues; failed?: string } {
  if (exitCode !== 0)
    return {
      values: { status: -1, url },
      failed: `no answer from ${url}: ${lastLine(stderr) || `exit code ${exitCode}`}`,
    }
  const lines = stdout.split('\n')
  const [code = '', type = '', effective = url] = lines.splice(-3)
  const content = lines.join('\n')
  const json = return_content && /\bjson\b/.test(type) ? parseJson(content) : undefined
  const values = {
    status: Number(code),
    url: effective,
    ...(return_content ? { content } : {}),
    ...(json === undefined ? {} : { json }),
  }
  if (status_code.includes(values.status)) return { values }
  return { values, failed: `status ${values.status} and not ${status_code.join(' or ')}: ${url}` }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
