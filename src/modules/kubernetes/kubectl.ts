import { raw, sh } from '../../shell/quote.ts'
import type { KubeObject } from './objects.ts'

/** How to access the cluster. */
export interface ClusterAccess {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly kubectl?: string | undefined
}

/** Exit codes of scripts that could not query the API server. */
export const NO_KUBECTL = 94
export const NO_RESPONSE = 95

const K3S_CONFIG = '/etc/rancher/k3s/k3s.yaml'

/**
 * Shell function `lb_kubectl`: the requested command; else, without kubeconfig and context, the k3s of this host; else
 * kubectl. Exits with {@link NO_KUBECTL} if there is none.
 */
export function findKubectl({ kubeconfig, context, kubectl }: ClusterAccess): string {
  const options = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
  ]
  const call = (words: string): string => sh`lb_kubectl() { ${raw(words)} ${options} "$@"; }`
  if (kubectl !== undefined)
    return [
      sh`command -v ${kubectl.split(' ')[0] as string} >/dev/null || exit ${NO_KUBECTL}`,
      call(sh`${kubectl.split(/ +/)}`),
    ].join('\n')
  const ownK3s = options.length > 0 ? 'false' : `[ -r ${K3S_CONFIG} ] && [ -n "$lb_k3s" ]`
  return [
    // sudo may exclude /usr/local/bin from the PATH.
    'lb_k3s=$(command -v k3s || { [ ! -x /usr/local/bin/k3s ] || echo /usr/local/bin/k3s; })',
    `if ${ownK3s}; then ${call('"$lb_k3s" kubectl')}`,
    `elif command -v kubectl >/dev/null; then ${call('kubectl')}`,
    `elif [ -n "$lb_k3s" ]; then ${call('"$lb_k3s" kubectl')}`,
    `else exit ${NO_KUBECTL}; fi`,
  ].join('\n')
}

/** Assigns the text of each object to a shell variable: `lb_o0`, `lb_o1`, ... It never is an argument of a program. */
export const assignObjects = (objects: readonly KubeObject[]): string =>
  objects.map((object, i) => sh`lb_o${raw(String(i))}=${JSON.stringify(object)}`).join('\n')

/**
 * Prints some of the objects as a YAML stream: kubectl parses input that begins with a brace as JSON to its end, and
 * fails on separators. `printf` is a shell builtin.
 */
export const printObjects = (indices: readonly number[]): string =>
  `printf '%s\\n' ${indices.map((i) => `--- "$lb_o${i}"`).join(' ')}`

/**
 * Shell function `lb_mask`: masks the values of Secrets in a diff, before the probe's output is recorded. Newer
 * kubectls do so themselves, older ones (1.20) do not, and none does in the annotation of client-side apply.
 */
export const MASK_SECRETS = `lb_mask() { awk '
/^diff / { secret = /\\/v1\\.Secret\\./; data = 0 }
secret && /^[-+ ][^ ]/ { data = /^.(data|stringData):/ }
secret && data && /^[-+ ]  / {
  if (!/^.  [^ ]+:/) next
  value = /^-/ ? "*** (before)" : /^[+]/ ? "*** (after)" : "***"
  sub(/:.*/, "")
  print $0 ": \\"" value "\\""
  next
}
{ sub(/[{]"apiVersion":.*/, "{}"); print }'
}`

/** kubectl's error with a remedy; undefined if it succeeded. */
export function kubectlProblem(exitCode: number, stderr: string): string | undefined {
  if (exitCode === NO_KUBECTL) return 'neither kubectl nor k3s found on this host: install one, or set kubectl'
  if (exitCode === 0) return undefined
  const said = cleanErrors(stderr)
  if (/context ".*" does not exist|context was not found/.test(said))
    return `${said}: "kubectl config get-contexts" lists the contexts`
  if (/refused|no route to host|i\/o timeout|no such host|did you specify the right host or port/i.test(said)) {
    return `the Kubernetes API does not respond: ${said}: is the cluster up and the kubeconfig correct?`
  }
  return said === '' ? `kubectl exited with code ${exitCode}` : said
}

/** kubectl's error messages in one line, without log lines. */
export const cleanErrors = (stderr: string): string =>
  [
    ...new Set(
      stderr
        .split('\n')
        .map((line) =>
          line
            .trim()
            .replace(/^error: /i, '')
            .replace(/^Error from server( \(\w+\))?: (error when \w+ "[^"]*": )?/, ''),
        )
        // kubectl logs each failed discovery: I1121 10:00:00.0 ...
        .filter((line) => line !== '' && !/^[EIW]\d{4} /.test(line) && !/^Warning: /.test(line)),
    ),
  ].join('; ')
