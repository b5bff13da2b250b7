import * as z from 'zod'
import { Secret } from '../../values/secret.ts'
import type { Observed } from '../script-output.ts'
import { curl, headers, httpUrl } from '../support/http.ts'
import { encodeBody, formFields, CONTENT_TYPES } from '../support/http-body.ts'
import { alwaysSecret } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const REFUSED = {
  creates: 'use stat, and when',
  decompress: 'a compressed response is always decompressed',
  dest: 'download a file with get_url',
  follow_redirects: 'GET and HEAD follow redirects, other methods do not',
  force_basic_auth: 'credentials are always sent with the first request',
  password: 'write url_password',
  remote_src: 'read the file with slurp, and set body',
  removes: 'use stat, and when',
  src: 'set body',
  user: 'write url_username',
}

const schema = z
  .strictObject(
    {
      url: httpUrl,
      /**
       * HTTP method. GET, HEAD and OPTIONS are read-only: they also run in check mode and never report changed. Unlike
       * in Ansible, others always do. GET and HEAD follow redirects.
       */
      method: z
        .string()
        .toUpperCase()
        .regex(/^[A-Z]+$/)
        .default('GET'),
      /** Expected status codes; -1: no response. */
      status_code: z
        .union([z.number().int(), z.array(z.number().int()).nonempty()], {
          error: 'must be a number or a list of numbers',
        })
        .default(200)
        .transform((codes) => [codes].flat()),
      /** Register the content, up to 8 MiB. Of JSON, `json` is registered anyway, if it has less than 8 MB. */
      return_content: z.boolean().default(false),
      /**
       * Text, or with `body_format` a value to encode: for a form an object or a list of pairs, where a list sends a
       * field several times. Secrets stay masked.
       */
      body: z.unknown().optional(),
      body_format: z.enum(['raw', 'json', 'form-urlencoded']).default('raw'),
      headers: headers.default({}),
      url_username: z.string().optional(),
      url_password: alwaysSecret.optional(),
      validate_certs: z.boolean().default(true),
      /** CA certificate file on the host. */
      ca_path: z.string().optional(),
      /** Total timeout in seconds. */
      timeout: z.number().positive().default(30),
    },
    { error: refusing(REFUSED) },
  )
  .refine(
    ({ body, body_format }) =>
      body === undefined || body_format !== 'raw' || typeof body === 'string' || body instanceof Secret,
    { error: "a body that is not text requires body_format: 'json' or 'form-urlencoded'", path: ['body'] },
  )
  .refine(
    ({ body, body_format }) =>
      body_format !== 'form-urlencoded' ||
      body === undefined ||
      typeof body === 'string' ||
      body instanceof Secret ||
      formFields(body) !== undefined,
    { error: 'a form has text, numbers, booleans, or lists of them', path: ['body'] },
  )

type Params = z.output<typeof schema>

export interface UriValues {
  /** -1: no response. */
  readonly status: number
  readonly url: string
  readonly content?: string
  /** The parsed content, if its type is that of JSON. */
  readonly json?: unknown
}

const isReadOnly = ({ method }: Params): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method)

/** Sends an HTTP request from the host, with the host's curl. */
export const uri = defineModule<typeof schema, UriValues>({
  name: 'uri',
  schema,
  // A response may depend on anything, and a request may change anything.
  reads: (params) => (isReadOnly(params) ? undefined : []),
  sets: (params) => (isReadOnly(params) ? [] : undefined),
  title: ({ method, url }) => `${method} ${url}`,
  probe: (params) => (isReadOnly(params) ? request(params) : ':'),
  plan(params, observed) {
    const { method, url } = params
    if (!isReadOnly(params)) return { changes: [{ description: `send ${method} to ${url}`, script: request(params) }] }
    const { values, failed } = resultOf(params, observed)
    return { changes: [], values, ...(failed === undefined ? {} : { problem: failed }) }
  },
  result: (params, applied) => resultOf(params, applied.at(-1) ?? { stdout: '', stderr: '', exitCode: 0 }),
  timeLimitSeconds: ({ timeout }) => timeout + 15,
})

/** Exit code without curl. */
const NO_CURL = 127

/** After the content: status, type and URL, a line each. */
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
    followRedirects: ['GET', 'HEAD'].includes(method),
    connectTimeout: timeout,
    maxTime: timeout,
    options: {
      compressed: '',
      'write-out': WRITE_OUT,
      ...(method === 'HEAD' ? { output: '/dev/null' } : return_content ? {} : { output: '/dev/fd/3' }),
    },
  })
  return [
    `command -v curl >/dev/null || { echo 'curl not found on this host: install it first' >&2; exit ${NO_CURL}; }`,
    return_content || method === 'HEAD' ? script : printJson(script),
  ].join('\n')
}

/** A longer body is not registered as JSON. */
const JSON_LIMIT_BYTES = 8_000_000

/**
 * Prints the body, which curl writes to file descriptor 3, only if its type is that of JSON. The type is known at the
 * end: the body is kept up to the limit, and the rest is read and dropped.
 */
const printJson = (script: string): string =>
  [
    `lb_dir=$(mktemp -d) || exit; trap 'rm -rf -- "$lb_dir"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    `{ ${script} 3>&1 >"$lb_dir/end"; echo "$?" >"$lb_dir/code"; } |`,
    `  { head -c ${JSON_LIMIT_BYTES} >"$lb_dir/body"; cat >/dev/null; }`,
    'read -r lb_code <"$lb_dir/code" && [ "$lb_code" = 0 ] || exit "${lb_code:-1}"',
    `if [ "$(wc -c <"$lb_dir/body")" -lt ${JSON_LIMIT_BYTES} ] &&`,
    `  sed -n 3p "$lb_dir/end" | grep -q -i -e json -e javascript; then cat "$lb_dir/body"; fi`,
    'cat "$lb_dir/end"',
  ].join('\n')

/** A type that Ansible's module parses, such as `application/problem+json; charset=utf-8`. */
const JSON_TYPE = /^[^/;,]+\/(?:[^;,+]*\+)?(?:json|javascript)\s*(?:[;,]|$)/i

function resultOf(
  { url, status_code, return_content }: Params,
  { stdout, stderr, exitCode }: Observed,
): { values: UriValues; failed?: string } {
  if (exitCode !== 0) {
    const values = { status: -1, url }
    if (status_code.includes(-1) && exitCode !== NO_CURL) return { values }
    return { values, failed: `no response from ${url}: ${lastLine(stderr) || `exit code ${exitCode}`}` }
  }
  const lines = stdout.split('\n')
  const [code = '', type = '', effective = url] = lines.splice(-3)
  const content = lines.join('\n')
  const json = JSON_TYPE.test(type) ? parseJson(content) : undefined
  const values = {
    status: Number(code),
    url: effective,
    ...(return_content ? { content } : {}),
    ...(json === undefined ? {} : { json }),
  }
  if (status_code.includes(values.status)) return { values }
  return { values, failed: `status code was ${values.status} and not ${status_code.join(' or ')}: ${url}` }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
