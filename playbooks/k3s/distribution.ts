import {
  assert,
  type CommandValues,
  disturbAll,
  play,
  PlaybookError,
  type PlaybookStep,
  type PlayContext,
  register,
  sh,
  shell,
  type Task,
} from 'labbook'
import { appVars } from '../app/vars.ts'
import { k3sAppVars, k3sVars } from './vars.ts'

type Vars = PlayContext['vars']

/** Tools that create a cluster on this machine. */
export type Distribution = 'k3d' | 'minikube'

type ClusterState = 'running' | 'stopped' | 'absent'

interface Tool {
  /** The kubectl context that it creates. */
  readonly context: (name: string) => string
  /** Prints its clusters as JSON. */
  readonly list: string
  readonly state: (json: string, name: string) => ClusterState
  readonly create: (name: string, ports: readonly number[]) => string
  readonly start: (name: string) => string
  readonly load: (name: string, images: readonly string[]) => string
  readonly remove: (name: string) => string
  readonly site: string
}

/** A list that a tool printed; empty for other output. */
function parse<T>(json: string, listOf: (value: unknown) => T[] | undefined): T[] {
  try {
    return listOf(JSON.parse(json)) ?? []
  } catch {
    return []
  }
}

interface K3dCluster {
  readonly name: string
  readonly serversCount: number
  readonly serversRunning: number
}

interface MinikubeProfile {
  readonly Name: string
  readonly Status: string
}

export const TOOLS: Readonly<Record<Distribution, Tool>> = {
  k3d: {
    context: (name) => `k3d-${name}`,
    list: 'k3d cluster list -o json',
    state: (json, name) => {
      const cluster = parse(json, (value) => value as K3dCluster[]).find((each) => each.name === name)
      if (cluster === undefined) return 'absent'
      return cluster.serversRunning < cluster.serversCount ? 'stopped' : 'running'
    },
    // The user's current context stays.
    create: (name, ports) =>
      sh`k3d cluster create ${name} --agents 2 --wait --timeout 300s --kubeconfig-switch-context=false ${ports.flatMap((port) => ['-p', `${port}:${port}@loadbalancer`])}`,
    start: (name) => sh`k3d cluster start ${name} --wait --timeout 300s`,
    load: (name, images) => sh`k3d image import --cluster ${name} ${images}`,
    remove: (name) => sh`k3d cluster delete ${name}`,
    site: 'https://k3d.io; it needs Docker',
  },
  minikube: {
    context: (name) => name,
    // Without profiles it prints an error, also as JSON, and fails.
    list: 'minikube profile list -o json || :',
    state: (json, name) => {
      const profile = parse(json, (value) => (value as { valid?: MinikubeProfile[] }).valid).find(
        ({ Name }) => Name === name,
      )
      if (profile === undefined) return 'absent'
      return ['Running', 'OK'].includes(profile.Status) ? 'running' : 'stopped'
    },
    create: (name) => sh`minikube start --profile ${name} --nodes 3 --keep-context --addons metrics-server --wait all`,
    start: (name) => sh`minikube start --profile ${name} --keep-context --wait all`,
    load: (name, images) =>
      images.map((image) => sh`minikube image load --profile ${name} ${image} || exit`).join('\n'),
    remove: (name) => sh`minikube delete --profile ${name}`,
    site: 'https://minikube.sigs.k8s.io',
  },
}

/** The tool of `k3s_distribution`; undefined if k3s is installed on hosts. */
export function distributionOf(vars: Vars): { readonly tool: Distribution; readonly name: string } | undefined {
  const { k3s_distribution, k3s_cluster, kubecontext } = k3sVars.read(vars)
  if (k3s_distribution === 'k3s') return undefined
  if (kubecontext !== undefined)
    throw new PlaybookError(
      `kubecontext names an existing cluster, but k3s_distribution=${k3s_distribution} creates one: remove one of them`,
    )
  return { tool: k3s_distribution, name: k3s_cluster }
}

/** Images of this machine's Docker. @throws {PlaybookError} if one is missing: the registry's are for the hosts. */
function imagesOf(vars: Vars): string[] {
  const { counter_image, redis_image, haproxy_image, redis_sentinel } = k3sAppVars.read(vars)
  const images = { counter_image, redis_image, ...(redis_sentinel ? { haproxy_image } : {}) }
  return Object.entries(images).map(([variable, image]) => {
    if (image === undefined)
      throw new PlaybookError(
        `k3s_distribution needs ${variable}, an image of this machine's Docker: -e ${variable}=...`,
      )
    return image
  })
}

const listed = register<CommandValues>('k3s_distribution_clusters')

const checkTool = (tool: Distribution): Task[] => {
  const found = register<CommandValues>('k3s_distribution_tool')
  return [
    shell(`Check for ${tool}`, {
      cmd: sh`command -v ${tool} || echo missing`,
      read_only: true,
      register: found,
    }),
    assert(`Verify that ${tool} is installed`, {
      that: found.map(({ stdout }) => stdout !== 'missing'),
      fail_msg: `${tool} is not installed on this machine: ${TOOLS[tool].site}`,
    }),
    shell('List clusters', { cmd: TOOLS[tool].list, read_only: true, register: listed }),
  ]
}

const createCluster = play('Create cluster on this machine', { hosts: 'localhost', tags: ['k3s', 'k3s-app'] }, (on) => {
  const cluster = distributionOf(on.vars)
  if (cluster === undefined) return []
  const { tool, name } = cluster
  const images = imagesOf(on.vars)
  const ports = [appVars.read(on.vars).counter_port, k3sAppVars.read(on.vars).ingress_port]
  const is = (state: ClusterState) => (conditions: { value: (reference: typeof listed) => CommandValues }) =>
    TOOLS[tool].state(conditions.value(listed).stdout, name) === state
  return [
    ...checkTool(tool),
    shell(`Create cluster with ${tool}`, { cmd: TOOLS[tool].create(name, ports), when: is('absent'), timeout: 900 }),
    shell(`Start cluster with ${tool}`, { cmd: TOOLS[tool].start(name), when: is('stopped'), timeout: 900 }),
    shell('Load images into cluster', { cmd: TOOLS[tool].load(name, images), changed_when: false, timeout: 900 }),
  ]
})

const deleteCluster = play(
  'Delete cluster of this machine',
  {
    hosts: 'localhost',
    tags: 'k3s',
    disturbs: (on) => {
      const cluster = distributionOf(on.hostvars('localhost'))
      return cluster === undefined
        ? []
        : disturbAll([`context ${TOOLS[cluster.tool].context(cluster.name)}`], 'the cluster is deleted, with its data')
    },
  },
  (on) => {
    const cluster = distributionOf(on.vars)
    if (cluster === undefined) return []
    const { tool, name } = cluster
    return [
      ...checkTool(tool),
      shell(`Delete cluster with ${tool}`, {
        cmd: TOOLS[tool].remove(name),
        when: ({ value }) => TOOLS[tool].state(value(listed).stdout, name) !== 'absent',
        timeout: 600,
      }),
    ]
  },
)

/** Steps that create and delete the cluster of `k3s_distribution`. */
export const distributionUp: readonly PlaybookStep[] = [createCluster]
export const distributionDown: readonly PlaybookStep[] = [deleteCluster]
