import { raw, sh } from '../../shell/quote.ts'
import type { Observed } from '../observed.ts'
import type { Secret } from '../../values/secret.ts'

/**
 * Docker is asked through its engine's API with curl: one small process answers several questions, where each `docker`
 * call is a large one; the JSON is the same for all versions; and what is secret can travel on stdin.
 */
const NO_SOCKET = 91
const NO_CURL = 92
const NOT_ALLOWED = 93

/** The socket that the docker command uses, too. */
const SOCKET = '"${lb_socket#unix://}"'
const CURL = `curl -sS -g --noproxy '*' --unix-socket ${SOCKET} --max-time 60`

/** Script text that goes before {@link askEngine}. */
export const findSocket = 'lb_socket=${DOCKER_HOST:-unix:///var/run/docker.sock}'

/** Script text that goes first in a probe: it ends with a code of its own where the engine cannot be asked. */
export const reachEngine = [
  findSocket,
  `[ -S ${SOCKET} ] || exit ${NO_SOCKET}`,
  `command -v curl >/dev/null || exit ${NO_CURL}`,
  `[ -w ${SOCKET} ] || exit ${NOT_ALLOWED}`,
].join('\n')

/** Script text that prints the engine's answers to GETs of these paths; read them with {@link answersOf}. */
export const get = (...paths: readonly string[]): string =>
  sh`${raw(CURL)} -w '\\n%{http_code}\\n' ${paths.map((path) => `http://engine${path}`)} || exit`

/** Shell text of one GET, for use within other text, after {@link findSocket}: the path may hold shell variables. */
export const askEngine = (path: string): string => `${CURL} "http://engine${path}"`

/** A path with a filter, as the engine's API takes them. */
export const filtered = (path: string, filters: Readonly<Record<string, readonly string[]>>): string =>
  `${path}?filters=${encodeURIComponent(JSON.stringify(filters))}`

/**
 * Script text that POSTs a body, given in parts: a part may be secret, and all reach curl on its stdin. Then `$lb_code`
 * is the status and `$lb_answer` the engine's answer.
 */
export const post = (path: string, ...parts: readonly (string | Secret)[]): string => send('POST', path, parts)

/** Script text that sends a DELETE; the answer is where {@link post} puts it. */
export const remove = (path: string): string => send('DELETE', path, [''])

function send(method: string, path: string, parts: readonly (string | Secret)[]): string {
  return [
    findSocket,
    // printf applies its format to each part, so the parts are joined.
    sh`lb_answer=$(printf %s ${parts} | ${raw(CURL)} -X ${method} -H 'Content-Type: application/json' --data-binary @- -w '\\n%{http_code}' ${`http://engine${path}`}) || exit`,
    'lb_code=$(printf %s "$lb_answer" | tail -n 1)',
  ].join('\n')
}

/** After {@link post} or {@link remove}: ends with the engine's message where it refused. */
export const orFail = `[ "$lb_code" -lt 400 ] || { printf '%s\\n' "$lb_answer" | sed -n 's/^{"message":"\\(.*\\)"}$/\\1/p' >&2; exit 1; }`

/** Script text that waits until the engine's answer to a GET contains some text. */
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

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Reads what {@link get} printed, in the order asked. */
export function answersOf(stdout: string): Answer[] {
  const answers: Answer[] = []
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

/** Why the engine could not be asked or refused; undefined where all is well. A 404 is an answer, not a refusal. */
export function engineProblem(observed: Observed, answers: readonly Answer[]): string | undefined {
  switch (observed.exitCode) {
    case 0:
      break
    case NO_SOCKET:
      return 'Docker is not running on this host: install it (docker.io) and start the service docker'
    case NO_CURL:
      return 'curl is not there: it is needed to talk to Docker; install the package curl'
    case NOT_ALLOWED:
      return 'this user may not talk to Docker: set become: true, or add the user to the group docker'
    default:
      return `Docker does not answer: ${observed.stderr.trim() || `exit code ${observed.exitCode}`}`
  }
  const refused = answers.find(({ status }) => status >= 400 && status !== 404)
  return refused && messageOf(refused)
}

/** The engine's own words, shortened to the first sentence where it says that this is no manager. */
export function messageOf({ status, body }: Answer): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : String(body)
  if (message.startsWith('This node is not a swarm manager')) {
    return 'this node is not a Swarm manager: delegate the task to one, or initialise the Swarm first'
  }
  return `Docker answered ${status}: ${message.replace(/^rpc error: code = \w+ desc = /, '')}`
}
