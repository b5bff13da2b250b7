import { raw, sh } from '../../shell/quote.ts'
import type { Observed } from '../script-output.ts'
import type { Secret } from '../../values/secret.ts'

/**
 * The modules use the Engine API through curl: one small process answers several queries, while each `docker` call is a
 * large one; the JSON is the same in all versions; and secrets can be passed on stdin.
 */
const NO_SOCKET = 91
const NO_CURL = 92
const NOT_ALLOWED = 93

/** The same socket as the docker command's. */
const SOCKET = '"${lb_socket#unix://}"'
const CURL = `curl -q -sS -g --noproxy '*' --unix-socket ${SOCKET} --max-time 60`

/** Shell text required before {@link engineRequest}. */
export const findSocket = 'lb_socket=${DOCKER_HOST:-unix:///var/run/docker.sock}'

/** Shell text at the start of a probe: exits with a separate code if the engine is unreachable. */
export const requireEngine = [
  findSocket,
  `[ -S ${SOCKET} ] || exit ${NO_SOCKET}`,
  `command -v curl >/dev/null || exit ${NO_CURL}`,
  `[ -w ${SOCKET} ] || exit ${NOT_ALLOWED}`,
].join('\n')

/** Shell text that prints the responses to GET requests for these paths; parse them with {@link parseResponses}. */
export const get = (...paths: readonly string[]): string =>
  sh`${raw(CURL)} -w '\\n%{http_code}\\n' ${paths.map((path) => `http://engine${path}`)} || exit`

/** Shell text of one GET request, after {@link findSocket}. The path may contain shell variables. */
export const engineRequest = (path: string): string => `${CURL} "http://engine${path}"`

/** An API path with filters. */
export const filtered = (path: string, filters: Readonly<Record<string, readonly string[]>>): string =>
  `${path}?filters=${encodeURIComponent(JSON.stringify(filters))}`

/**
 * Shell text that sends a POST request. The body is given in parts, because a part may be secret; all of them reach
 * curl on stdin. Sets `$lb_code` to the status and `$lb_answer` to the response.
 */
export const post = (path: string, ...parts: readonly (string | Secret)[]): string => send('POST', path, parts)

/** Shell text that sends a DELETE request; sets the variables of {@link post}. */
export const remove = (path: string): string => send('DELETE', path, [''])

function send(method: string, path: string, parts: readonly (string | Secret)[]): string {
  return [
    findSocket,
    // printf repeats its format for each argument, which joins the parts.
    sh`lb_answer=$(printf %s ${parts} | ${raw(CURL)} -X ${method} -H 'Content-Type: application/json' --data-binary @- -w '\\n%{http_code}' ${`http://engine${path}`}) || exit`,
    'lb_code=$(printf %s "$lb_answer" | tail -n 1)',
  ].join('\n')
}

/** After {@link post} or {@link remove}: exits with the engine's message if the request failed. */
export const exitOnError = `[ "$lb_code" -lt 400 ] || { printf '%s\\n' "$lb_answer" | sed -n 's/^{"message":"\\(.*\\)"}$/\\1/p' >&2; exit 1; }`

/** Shell text that waits until the response to a GET request contains a text. */
export function waitFor(path: string, text: string, seconds: number, otherwise: string): string {
  return [
    findSocket,
    'lb_tries=0',
    sh`until ${raw(CURL)} ${`http://engine${path}`} | grep -q ${text}; do`,
    `  lb_tries=$((lb_tries + 1))`,
    sh`  [ "$lb_tries" -lt ${seconds} ] || { echo ${otherwise} >&2; exit 1; }`,
    '  sleep 1',
    'done',
  ].join('\n')
}

export interface EngineResponse {
  readonly status: number
  readonly body: unknown
}

/** Parses the output of {@link get}, in the order of the paths. */
export function parseResponses(stdout: string): EngineResponse[] {
  const answers: EngineResponse[] = []
  let body = ''
  for (const line of stdout.split('\n')) {
    if (/^\d{3}$/.test(line)) {
      answers.push({ status: Number(line), body: parseJson(body) })
      body = ''
    } else if (line !== '') body += line
  }
  return answers
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Why the engine is unreachable or rejected a request; undefined otherwise. A 404 is no failure. */
export function engineProblem(observed: Observed, answers: readonly EngineResponse[]): string | undefined {
  switch (observed.exitCode) {
    case 0:
      break
    case NO_SOCKET:
      return 'Docker is not running on this host: install it (docker.io) and start the service docker'
    case NO_CURL:
      return 'curl not found: the Docker modules require it; install the package curl'
    case NOT_ALLOWED:
      return 'permission denied on the Docker socket: set become: true, or add the user to the group "docker"'
    default:
      return `Docker does not respond: ${observed.stderr.trim() || `exit code ${observed.exitCode}`}`
  }
  const refused = answers.find(({ status }) => status >= 400 && status !== 404)
  return refused && errorMessage(refused)
}

/** The engine's message; shortened if the node is not a manager. */
export function errorMessage({ status, body }: EngineResponse): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : String(body)
  if (message.startsWith('This node is not a swarm manager')) {
    return 'this node is not a Swarm manager: delegate the task to one, or initialise the Swarm first'
  }
  return `Docker returned ${status}: ${message.replace(/^rpc error: code = \w+ desc = /, '')}`
}
