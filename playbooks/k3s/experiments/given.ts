import { experiment } from '../../../src/labbook.ts'
import { sh } from '../../../src/shell/quote.ts'
import { isCounter, podsCommand } from '../proof.ts'
import { isReady, readPods } from '../seen.ts'
import { allWell, subject } from './support/cluster.ts'

/** Says of each door whether it opens; the image has Python, and nothing else that could. */
export const KNOCK = `import socket, sys
for door in sys.argv[1:]:
    host, port = door.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 4).close()
        print(door, "reached")
    except OSError as error:
        print(door, "not reached:", error)
`

/** By door: whether it opened. Undefined where nothing was said of it. */
export const doorsIn = (stdout: string): Readonly<Record<string, boolean | undefined>> =>
  Object.fromEntries(
    [...stdout.matchAll(/^(\S+:\d+) (not )?reached/gm)].map(([, door = '', not]) => [door, not === undefined]),
  )

/**
 * A pod's own look at its settings: those of the ConfigMap by name, and where the password is. Its value is not
 * printed.
 */
const LOOK = `file=/run/secrets/redis/password
[ -s "$file" ] || { echo "$file is not there, or empty" >&2; exit 1; }
printenv
printf 'password-file %s\\n' "$(stat -Lc %a "$file")"
printf 'password-variables %s\\n' "$(printenv | grep -cFf "$file")"`

/** What of a ConfigMap (JSON of its `data`) a pod has otherwise, and where it has its password. */
export function settingsIn(
  configMap: string,
  stdout: string,
): { readonly other: readonly string[]; readonly settings: number; readonly mode: string; readonly variables: number } {
  let data: Record<string, string> = {}
  try {
    data = JSON.parse(configMap) as Record<string, string>
  } catch {
    /* there is none */
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

/** What a pod is given, and whom it reaches: asked from inside of one. */
export const given = experiment(
  'What a pod is given, and whom it reaches',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-given', 'proof'],
    // It looks from within a pod, and opens two connections.
    disturbs: false,
    hypothesis:
      "A pod of the app has its settings as variables and Redis' password as a file. It reaches Redis, as a NetworkPolicy allows, and no other pod: not even one of the " +
      'app, whose door is open to all.',
    proves: {
      'k3s.network.policy': 'A pod reaches whom a NetworkPolicy allows, and nobody else',
      'k3s.config.given':
        "Settings of the ConfigMap are a pod's variables; the password of the Secret is a file, and in no variable",
    },
    start: allWell,
  },
  async (on) => {
    const { at, k, within, namespace } = subject(on)
    const [pod, other] = readPods((await on.look({ ...at, command: podsCommand(k, namespace) })).stdout).filter(
      (each) => isCounter(each) && isReady(each),
    )
    if (pod === undefined || other === undefined)
      throw new Error('there are no two pods of the app that serve: one asks, and the other is asked')
    const address = (
      await on.look({ ...at, command: k(`get pod ${other.name} ${within} -o jsonpath='{.status.podIP}'`) })
    ).stdout.trim()
    const [allowed, forbidden] = ['redis:6379', `${address}:8080`]
    const policies = await on.exhibit({
      ...at,
      title: 'NetworkPolicies',
      command: k(`get networkpolicies ${within} -o yaml`),
    })
    const knocked = await on.exhibit({
      ...at,
      title: `Whom ${pod.name} reaches`,
      command: k(`exec ${pod.name} ${within} -- python3 -c ${sh`${KNOCK} ${allowed} ${forbidden}`}`),
      shown: k(`exec ${pod.name} ${within} -- python3 (connects to ${allowed} and ${forbidden})`),
    })
    const doors = doorsIn(knocked.stdout)
    on.finding('k3s.network.policy', {
      holds:
        doors[allowed] === undefined || doors[forbidden] === undefined ? null : doors[allowed] && !doors[forbidden],
      evidence: [policies, knocked],
      detail: knocked.stdout.trim().split('\n').join('; ') || knocked.stderr.trim(),
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
    const looked = await on.exhibit({
      ...at,
      title: `Settings that ${pod.name} has`,
      command: k(`exec ${pod.name} ${within} -- sh -c ${sh`${LOOK}`}`),
      shown: k(`exec ${pod.name} ${within} -- sh -c 'printenv; stat /run/secrets/redis/password'`),
    })
    const { settings, other: differ, mode, variables } = settingsIn(data.stdout, looked.stdout)
    on.finding('k3s.config.given', {
      holds:
        looked.exitCode !== 0 || settings === 0
          ? null
          : differ.length === 0 && variables === 0 && /^[0-7]?[0-7][04]0$/.test(mode),
      evidence: [listed, data, looked],
      detail:
        looked.exitCode !== 0
          ? looked.stderr.trim()
          : `${settings - differ.length} of ${settings} settings are variables of the pod${differ.length === 0 ? '' : `, not: ${differ.join(', ')}`}; the password's file has the mode ${mode}, ${variables} variables have it`,
    })
  },
)
