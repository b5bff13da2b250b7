import { raw, sh } from '../../shell/quote.ts'
import type { KubeObject } from './objects.ts'

/** Which cluster, and by which program. */
export interface Access {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly kubectl?: string | undefined
}

/** Exit codes of scripts that could not ask the server. */
export const NO_KUBECTL = 94
export const NO_ANSWER = 95

const K3S_CONFIG = '/etc/rancher/k3s/k3s.yaml'

/**
 * Shell function `lb_kubectl`: the program that was asked for; else, where nothing says which cluster, that of a k3s on
 * this host; else kubectl. Ends the script with {@link NO_KUBECTL} where there is none.
 */
export function findKubectl({ kubeconfig, context, kubectl }: Access): string {
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
    // Where sudo leaves /usr/local/bin out of the PATH, k3s is there all the same.
    'lb_k3s=$(command -v k3s || { [ ! -x /usr/local/bin/k3s ] || echo /usr/local/bin/k3s; })',
    `if ${ownK3s}; then ${call('"$lb_k3s" kubectl')}`,
    `elif command -v kubectl >/dev/null; then ${call('kubectl')}`,
    `elif [ -n "$lb_k3s" ]; then ${call('"$lb_k3s" kubectl')}`,
    `else exit ${NO_KUBECTL}; fi`,
  ].join('\n')
}

/** Puts the text of each object into a shell variable: `lb_o0`, `lb_o1`, ... It never is an argument of a program. */
export const holdObjects = (objects: readonly KubeObject[]): string =>
  objects.map((object, i) => sh`lb_o${raw(String(i))}=${JSON.stringify(object)}`).join('\n')

/**
 * Prints some of them, as a YAML stream: kubectl takes what begins with a brace for JSON to its end, and then stumbles
 * over what stands between two. `printf` is the shell's own.
 */
export const printObjects = (indices: readonly number[]): string =>
  `printf '%s\\n' ${indices.map((i) => `--- "$lb_o${i}"`).join(' ')}`

/**
 * Shell function `lb_mask`: hides the values of Secrets in a diff. Newer kubectls do so themselves, older ones (1.20)
 * do not, and none does in the annotation that client-side apply leaves. What a probe prints is recorded: so they are
 * hidden before they are printed.
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

/** What kubectl said when it could not ask, as a sentence with a remedy. */
export function whyNoAnswer(exitCode: number, stderr: string): string | undefined {
  if (exitCode === NO_KUBECTL)
    return 'there is no kubectl and no k3s on this host: install one, or name it with kubectl'
  if (exitCode === 0) return undefined
  const said = cleaned(stderr)
  if (/context ".*" does not exist|context was not found/.test(said))
    return `${said}: "kubectl config get-contexts" shows those there are`
  if (/refused|no route to host|i\/o timeout|no such host|did you specify the right host or port/i.test(said)) {
    return `the Kubernetes API does not answer: ${said}: is the cluster up, and is it the right kubeconfig?`
  }
  return said === '' ? `kubectl ended with exit code ${exitCode}` : said
}

/** The lines of kubectl's errors that say something, in one. */
export const cleaned = (stderr: string): string =>
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
        // Of each failed discovery kubectl tells in a line of its log: I1121 10:00:00.0 ...
        .filter((line) => line !== '' && !/^[EIW]\d{4} /.test(line) && !/^Warning: /.test(line)),
    ),
  ].join('; ')
