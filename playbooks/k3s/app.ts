import { homedir } from 'node:os'
import path from 'node:path'
import {
  command,
  k8s,
  play,
  register,
  secret,
  shell,
  type CommandValues,
  type PlayContext,
  type Step,
} from '../../src/labbook.ts'
import { sh } from '../../src/shell/quote.ts'
import { images } from '../images/images.ts'
import type { ImageName } from '../images/table.ts'
import { labOf } from '../lab/lab.ts'
import { registryHost } from '../registry/address.ts'
import { clusterAccess } from './cluster.ts'
import { clusterProof, kubernetesProof } from './proof.ts'
import { appSettings, manifestsOf } from './settings.ts'

const password = register<CommandValues>('redis_password')

/** Where the password is kept that nobody gave: with the lab, or where this machine keeps such things. */
const passwordFile = (on: PlayContext): string =>
  path.join(
    labOf(on)?.dir ?? (process.getuid?.() === 0 ? '/var/lib/labbook' : path.join(homedir(), '.local/share/labbook')),
    'k3s',
    'redis-password',
  )

/** Redis' password: that of the variable `redis_password`, else one that is made up once. */
const passwordPlay = play(
  'Counter app on Kubernetes: password',
  { hosts: 'localhost', tags: ['k3s', 'k3s-app'] },
  (on) => {
    if (on.vars.redis_password !== undefined) return []
    const file = passwordFile(on)
    return [
      shell('Make up a password for Redis', {
        cmd: sh`umask 077 && mkdir -p ${path.dirname(file)} && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n' >${`${file}.new`} && mv ${`${file}.new`} ${file}`,
        creates: file,
      }),
      command('Password of Redis', { argv: ['cat', file], read_only: true, no_log: true, register: password }),
    ]
  },
)

/** An image as a variable names it, or as the registry of the inventory has it. */
const imageOf = (on: PlayContext, name: ImageName, variable: string) =>
  on.vars[variable] === undefined
    ? images[name].on(registryHost(on)).map(({ image }) => image)
    : String(on.vars[variable])

/** The manifests, on whichever cluster it is. What an earlier run left and the manifests have no more is removed. */
const deploy = play('Counter app on Kubernetes', { hosts: 'localhost', tags: ['k3s', 'k3s-app'] }, (on) => {
  const { host, become, context } = clusterAccess(on)
  const settings = appSettings(on.vars)
  return [
    k8s('Deploy the app', {
      template: manifestsOf(settings),
      vars: {
        ...settings,
        redis_password:
          on.vars.redis_password === undefined
            ? password.map(({ stdout }) => secret(stdout))
            : secret(String(on.vars.redis_password)),
        counter_image: imageOf(on, 'counter', 'counter_image'),
        redis_image: imageOf(on, 'redis', 'redis_image'),
        ...(settings.sentinel ? { haproxy_image: imageOf(on, 'balancer', 'haproxy_image') } : {}),
      },
      ...(context === undefined ? { delegate_to: host } : { context }),
      become,
      prune: true,
      label_selectors: ['app.kubernetes.io/part-of=counter'],
      // What is deployed here is this playbook's own: a number of replicas that someone set by hand is put right.
      server_side_apply: { force_conflicts: true },
      wait: true,
      wait_timeout: Number(on.vars.kubernetes_wait_timeout ?? 240),
    }),
  ]
})

/** Deploys the app on the cluster of group `k3s_servers`, or of `-e kubecontext=...`, and proves that it works. */
export const appPlays: readonly Step[] = [passwordPlay, deploy, clusterProof, kubernetesProof]
