import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { reveal, secret, type Secret } from '../../values/secret.ts'
import { secretText } from './params.ts'

/** A request for curl. */
export interface HttpRequest {
  readonly url: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string | Secret>>
  readonly body?: string | Secret | undefined
  readonly user?: { readonly name: string; readonly password: string | Secret } | undefined
  readonly validateCerts: boolean
  /** CA certificate file on the host. */
  readonly caPath?: string | undefined
  readonly followRedirects: boolean
  /** Connection timeout in seconds. */
  readonly connectTimeout: number
  /** Total timeout in seconds. */
  readonly maxTime?: number
  /** Additional curl options, by long name. */
  readonly options?: Readonly<Record<string, string>>
}

/** URL of a request. Credentials in it are secret: every record masks them. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' })
  .transform((url) => {
    for (const text of credentialsIn(url)) secret(text)
    return url
  })

/**
 * `user:password` in a URL, as written; how it is sent; and the password, unless it is so short that other text may
 * contain it.
 */
function credentialsIn(url: string): string[] {
  const { username, password } = new URL(url)
  if (password === '') return []
  const written = /^[^:]*:\/*([^/?#]*)@/.exec(url)?.[1] ?? `${username}:${password}`
  const passwords = [password, written.slice(written.indexOf(':') + 1)].filter((text) => text.length > 3)
  return [written, `${username}:${password}`, basic(url) ?? '', ...passwords]
}

/** The header that sends the credentials in a URL. */
function basic(url: string): string | undefined {
  const { username, password } = new URL(url)
  if (username === '' && password === '') return undefined
  const pair = [username, password].map(decodeURIComponent).join(':')
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function withoutCredentials(url: string): string {
  return url.replace(/^([^:]*:\/*)[^/?#]*@/, '$1')
}

/** Headers by name; values may be secret. */
export const headers = z.record(
  z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'invalid header name' }),
  secretText.refine((value) => !/[\r\n\0]/.test(reveal(value)), { error: 'a header must be one line' }),
)

/**
 * Shell text that runs curl. URL, headers and body are passed on stdin: they may contain secrets, argv must not. With
 * `-q`, the user's `.curlrc` has no effect.
 */
export function curl(request: HttpRequest): string {
  return sh`printf %s ${config(request)} | curl -q --config -`
}

/**
 * Shell text that defines `lb_fetch`, which prints the content of a URL with curl or wget. As in Ansible, only the
 * status 200 is a success: wget does not tell it from other codes below 300.
 */
export function defineFetch(request: HttpRequest): string {
  const options = { ...request.options, fail: '', 'write-out': '%{stderr}\n%{http_code}' }
  return [
    'lb_fetch() {',
    'if command -v curl >/dev/null; then',
    // Standard error has the status in its last line.
    `{ lb_err=$(${curl({ ...request, options })} 2>&1 >&4); } 4>&1; lb_code=$?`,
    'lb_status=${lb_err##*"\n"}; lb_err=${lb_err%"\n"*}',
    '[ "$lb_code" = 0 ] || { printf "%s\\n" "$lb_err" >&2; return "$lb_code"; }',
    '[ "$lb_status" = 200 ] || { echo "status code was $lb_status and not 200" >&2; return 22; }',
    `elif command -v wget >/dev/null; then ${wget(request)}`,
    `else echo 'neither curl nor wget found on this host' >&2; return 127; fi`,
    '}',
  ].join('\n')
}

/**
 * wget reads headers from argv or a file; only the owner can read the file. It also replaces the user's `.wgetrc`.
 * busybox wget has no such files and no option for them, so it cannot send headers.
 */
function wget({ url: given, headers, validateCerts, caPath, connectTimeout }: HttpRequest): string {
  const flags = [
    '-q',
    '-O',
    '-',
    '-T',
    String(connectTimeout),
    '-t',
    '1',
    ...(validateCerts ? [] : ['--no-check-certificate']),
    ...(caPath === undefined ? [] : [`--ca-certificate=${caPath}`]),
  ]
  const authorization = basic(given)
  const url = authorization === undefined ? given : withoutCredentials(given)
  const lines = Object.entries({
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...headers,
  }).map(([name, value]) => `header = ${name}: ${reveal(value)}\n`)
  const isGnu = 'wget --no-config --version >/dev/null 2>&1'
  if (lines.length === 0)
    return `{ lb_rc=; if ${isGnu}; then lb_rc=--no-config; fi; ${sh`wget $lb_rc ${flags} -- ${url}`}; }`
  return [
    `${isGnu} || { echo 'this wget cannot send headers: install curl on this host' >&2; return 1; }`,
    'lb_rc=$(mktemp) || return',
    sh`printf %s ${lines.join('')}` + ' >"$lb_rc"',
    sh`wget --config=` + '"$lb_rc" ' + sh`${flags} -- ${url}`,
    'lb_code=$?; rm -f -- "$lb_rc"; return "$lb_code"',
  ].join('; ')
}

type Option = readonly [name: string, value: string]

/** Lines of curl's configuration. An option with an empty value is a flag, except for the body. */
function config(request: HttpRequest): string {
  const {
    url,
    method,
    body,
    user,
    validateCerts,
    caPath,
    followRedirects,
    connectTimeout,
    maxTime,
    options = {},
  } = request
  // Without a total timeout, a stalled transfer is aborted; one that is only slow is not.
  const stallLimit: Option[] =
    maxTime === undefined
      ? [
          ['speed-limit', '1'],
          ['speed-time', String(Math.ceil(connectTimeout))],
        ]
      : [['max-time', String(maxTime)]]
  const lines: Option[] = [
    ['url', url],
    ['silent', ''],
    ['show-error', ''],
    ['globoff', ''],
    ['path-as-is', ''],
    ['connect-timeout', String(connectTimeout)],
    ...stallLimit,
    ...option('request', method === 'HEAD' ? undefined : method),
    ...(method === 'HEAD' ? [FLAG.head] : []),
    ...Object.entries(request.headers).map(([name, value]): Option => ['header', headerLine(name, reveal(value))]),
    ...(body === undefined ? [] : [['data-raw', reveal(body)] as const]),
    ...option('user', user === undefined ? undefined : `${user.name}:${reveal(user.password)}`),
    ...option('cacert', caPath),
    ...(validateCerts ? [] : [FLAG.insecure]),
    ...(followRedirects ? [FLAG.location] : []),
    ...Object.entries(options),
  ]
  return lines
    .map(([name, value]) => (value === '' && name !== 'data-raw' ? `${name}\n` : `${name} = ${configWord(value)}\n`))
    .join('')
}

const FLAG = { head: ['head', ''], insecure: ['insecure', ''], location: ['location', ''] } as const

const option = (name: string, value: string | undefined): Option[] => (value === undefined ? [] : [[name, value]])

/** curl drops `Name:`; `Name;` sends the header without a value. */
const headerLine = (name: string, value: string): string => (value === '' ? `${name};` : `${name}: ${value}`)

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const configWord = (value: string): string =>
  `"${value.replaceAll(/[\\"\n\r\t\v]/g, (character) => ESCAPES[character] ?? character)}"`
