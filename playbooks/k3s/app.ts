import path from 'node:path'
import {
  command,
  type CommandValues,
  k8s,
  play,
  type PlaybookStep,
  type PlayContext,
  register,
  secret,
  sh,
  shell,
  stateDirectory,
} from 'labbook'
import { images } from '../app/images/images.ts'
import type { ImageName } from '../app/images/table.ts'
import { projectLab } from '../lab/lab.ts'
import { registryHost } from '../registry/address.ts'
import { kubectlTarget } from './cluster.ts'
import { clusterProof, kubernetesProof } from './proof.ts'
import { redisVars } from '../redis/vars.ts'
import { appSettings, manifestsOf } from './settings.ts'
import { k3sAppVars } from './vars.ts'
import { templateFile } from '../template-file.ts'

const password = register<CommandValues>('redis_password')

/** File of the generated password: in the lab's directory, or in this machine's data directory. */
const passwordFile = (on: PlayContext): string =>
  path.join(projectLab(on)?.dir ?? stateDirectory(), 'k3s', 'redis-password')

/** The Redis password: variable `redis_password`, or generated once. */
const passwordPlay = play(
  'Create Redis password for Kubernetes',
  { hosts: 'localhost', tags: ['k3s', 'k3s-app'] },
  (on) => {
    if (redisVars.read(on.vars).redis_password !== undefined) return []
    const file = passwordFile(on)
    return [
      shell('Generate Redis password', {
        cmd: sh`umask 077 && mkdir -p ${path.dirname(file)} && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n' >${`${file}.new`} && mv ${`${file}.new`} ${file}`,
        creates: file,
      }),
      command('Read Redis password', { argv: ['cat', file], read_only: true, no_log: true, register: password }),
    ]
  },
)

/** The image in a variable, or in the inventory's registry. */
const imageOf = (on: PlayContext, name: ImageName, variable: 'counter_image' | 'redis_image' | 'haproxy_image') =>
  k3sAppVars.read(on.vars)[variable] ?? images[name].on(registryHost(on)).map(({ image }) => image)

/** Applies the manifests and prunes objects of earlier runs that they no longer contain. */
const deploy = play('Deploy Counter app on Kubernetes', { hosts: 'localhost', tags: ['k3s', 'k3s-app'] }, (on) => {
  const { host, become, context } = kubectlTarget(on)
  const settings = appSettings(on.vars)
  return [
    k8s('Apply manifests', {
      template: manifestsOf(settings).map(templateFile),
      vars: {
        ...settings,
        redis_password: redisVars.read(on.vars).redis_password ?? password.map(({ stdout }) => secret(stdout)),
        counter_image: imageOf(on, 'counter', 'counter_image'),
        redis_image: imageOf(on, 'redis', 'redis_image'),
        ...(settings.sentinel ? { haproxy_image: imageOf(on, 'balancer', 'haproxy_image') } : {}),
      },
      ...(context === undefined ? { delegate_to: host } : { context }),
      become,
      prune: true,
      label_selectors: ['app.kubernetes.io/part-of=counter'],
      // This playbook owns the objects: it resets, for example, replicas that were scaled by hand.
      server_side_apply: { force_conflicts: true },
      wait: true,
      wait_timeout: k3sAppVars.read(on.vars).kubernetes_wait_timeout,
    }),
  ]
})

/** Deploys the app on the cluster of group `k3s_servers` or `-e kubecontext=...`, and verifies it. */
export const appPlays: readonly PlaybookStep[] = [passwordPlay, deploy, clusterProof, kubernetesProof]
