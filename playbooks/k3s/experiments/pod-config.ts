import { sh, MessageError } from 'labbook'
import { labExperiment, say, verbatim } from '../../messages/say.ts'
import { isCounter, podsCommand } from '../proof.ts'
import { isReady, parsePods } from '../objects.ts'
import { assertSteadyState, appOnCluster } from './support/cluster.ts'

/** Tests whether each endpoint accepts connections. The image has no tool for that but Python. */
export const CONNECT_SCRIPT = `import socket, sys
for endpoint in sys.argv[1:]:
    host, port = endpoint.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 4).close()
        print(endpoint, "reached")
    except OSError as error:
        print(endpoint, "not reached:", error)
`

/** Whether each endpoint accepted a connection; undefined without a result. */
export const parseConnections = (stdout: string): Readonly<Record<string, boolean | undefined>> =>
  Object.fromEntries(
    [...stdout.matchAll(/^(\S+:\d+) (not )?reached/gm)].map(([, endpoint = '', not]) => [endpoint, not === undefined]),
  )

/** Redis, which a policy allows. */
const ALLOWED = 'redis:6379'
/** The Kubernetes API: it listens in every cluster, and no policy of the app allows it. */
const FORBIDDEN = 'kubernetes.default:443'

/** Whether the pod reached what is allowed, and not what is forbidden. Null without a result. */
export function policyHolds(stdout: string): boolean | null {
  const { [ALLOWED]: allowed, [FORBIDDEN]: forbidden } = parseConnections(stdout)
  return allowed === undefined || forbidden === undefined ? null : allowed && !forbidden
}

/**
 * Prints the settings of a pod: its environment, and where the password is. The password itself is not printed.
 */
const INSPECT = `file=/run/secrets/redis/password
[ -s "$file" ] || { echo "$file is not there, or empty" >&2; exit 1; }
printenv
printf 'password-file %s\\n' "$(stat -Lc %a "$file")"
printf 'password-variables %s\\n' "$(printenv | grep -cFf "$file")"`

/** Compares a ConfigMap (JSON of its `data`) with the environment of a pod, and finds its password. */
export function compareSettings(
  configMap: string,
  stdout: string,
): { readonly other: readonly string[]; readonly settings: number; readonly mode: string; readonly variables: number } {
  let data: Record<string, string> = {}
  try {
    data = JSON.parse(configMap) as Record<string, string>
  } catch {
    /* no ConfigMap */
  }
  const lines = new Set(stdout.split('\n'))
  const after = (word: string): string =>
    [...lines].find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? ''
  const variables = after('password-variables')
  return {
    settings: Object.keys(data).length,
    other: Object.entries(data)
      .filter(([name, value]) => !lines.has(`${name}=${value}`))
      .map(([name]) => name),
    mode: after('password-file'),
    variables: variables === '' ? Number.NaN : Number(variables),
  }
}

/** Checks configuration and network policy from inside a pod. */
export const podConfig = labExperiment(
  'Check pod configuration and network policy',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-given', 'proof'],
    // It runs read-only commands in a pod and opens three connections.
    disturbs: false,
    hypothesis:
      'A pod of the app has its settings as environment variables and the Redis password as a file. NetworkPolicies let it reach Redis, but not the Kubernetes API. Whether pods of the app reach each other depends on the network plugin: that of k3s lets them, on the port that all may reach.',
    assertions: {
      'k3s.network.policy': 'A pod reaches only the endpoints that a NetworkPolicy allows',
      'k3s.config.given': 'A pod has the ConfigMap as environment variables, and the Secret only as a file',
    },
    steadyState: assertSteadyState,
  },
  async (on) => {
    const { at, k, within, namespace } = appOnCluster(on)
    const [pod, other] = parsePods((await on.exec({ ...at, command: podsCommand(k, namespace) })).stdout).filter(
      (each) => isCounter(each) && isReady(each),
    )
    if (pod === undefined || other === undefined)
      throw new MessageError(say('the experiment needs two ready pods of the app'))
    const address = (
      await on.exec({ ...at, command: k(`get pod ${other.name} ${within} -o jsonpath='{.status.podIP}'`) })
    ).stdout.trim()
    // kube-router, in k3s, also applies the policy's open ingress rule to outgoing traffic: so this one is not judged.
    const peer = `${address}:8080`
    const policies = await on.exhibit({
      ...at,
      title: 'NetworkPolicies',
      command: k(`get networkpolicies ${within} -o yaml`),
    })
    const connections = await on.exhibit({
      ...at,
      title: say('Connections from {pod}', { pod: pod.name }),
      command: k(`exec ${pod.name} ${within} -- python3 -c ${sh`${CONNECT_SCRIPT} ${ALLOWED} ${FORBIDDEN} ${peer}`}`),
      displayCommand: k(`exec ${pod.name} ${within} -- python3 (connects to ${ALLOWED}, ${FORBIDDEN} and ${peer})`),
    })
    on.finding('k3s.network.policy', {
      holds: policyHolds(connections.stdout),
      evidence: [policies, connections],
      detail: verbatim(connections.stdout.trim().split('\n').join('; ') || connections.stderr.trim()),
    })
    const listed = await on.exhibit({
      ...at,
      title: 'ConfigMaps and Secrets',
      command: k(`get configmaps,secrets ${within}`),
    })
    const data = await on.exhibit({
      ...at,
      title: 'Settings in the ConfigMap',
      command: k(`get configmap counter ${within} -o jsonpath='{.data}'`),
    })
    const inspection = await on.exhibit({
      ...at,
      title: say('Settings of {pod}', { pod: pod.name }),
      command: k(`exec ${pod.name} ${within} -- sh -c ${sh`${INSPECT}`}`),
      displayCommand: k(`exec ${pod.name} ${within} -- sh -c 'printenv; stat /run/secrets/redis/password'`),
    })
    const { settings, other: differ, mode, variables } = compareSettings(data.stdout, inspection.stdout)
    on.finding('k3s.config.given', {
      holds:
        inspection.exitCode !== 0 || settings === 0
          ? null
          : differ.length === 0 && variables === 0 && /^[0-7]?[0-7][04]0$/.test(mode),
      evidence: [listed, data, inspection],
      detail:
        inspection.exitCode !== 0
          ? verbatim(inspection.stderr.trim())
          : say(
              '{found} of {settings} settings are variables of the pod{missing}; the password file has mode {mode}, {variables} variables contain the password',
              {
                found: settings - differ.length,
                settings,
                missing: differ.length === 0 ? '' : say(', missing: {names}', { names: differ.join(', ') }),
                mode,
                variables,
              },
            ),
    })
  },
)
