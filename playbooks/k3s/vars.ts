import { defineVars, varTypes } from 'labbook'

const DISABLEABLE = ['coredns', 'servicelb', 'traefik', 'local-storage', 'metrics-server', 'runtimes'] as const

const checksum = () =>
  varTypes.accepts('a SHA-256 checksum: 64 lowercase hexadecimal digits', (value) =>
    typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : undefined,
  )

/** Variables of the cluster. */
export const k3sVars = defineVars('k3s', {
  kubecontext: {
    refersTo: 'machine',
    schema: varTypes.text(),
    description: "a context of this machine's kubeconfig: an existing cluster, instead of hosts",
  },
  k3s_distribution: {
    schema: varTypes.oneOf(['k3s', 'k3d', 'minikube']),
    default: 'k3s',
    description: '`k3d` or `minikube`: creates a cluster on the controller with that tool, instead of k3s on hosts',
  },
  k3s_cluster: {
    schema: varTypes.text(),
    default: 'labbook',
    description: 'name of the cluster that k3d or minikube creates',
  },
  k3s_source: {
    schema: varTypes.oneOf(['release', 'artifacts']),
    shownDefault: '`artifacts` with `k3s_artifacts`, else `release`',
    description: 'where k3s is installed from',
  },
  k3s_artifacts: {
    refersTo: 'machine',
    schema: varTypes.text(),
    description: 'directory on the controller with the files of a release',
  },
  k3s_version: { schema: varTypes.text(), shownDefault: 'a pinned release', description: 'release of k3s' },
  k3s_checksum: {
    schema: checksum(),
    shownDefault: 'pinned',
    description: 'SHA-256 of the binary',
  },
  k3s_install_checksum: { schema: checksum(), shownDefault: 'pinned', description: 'SHA-256 of `install.sh`' },
  k3s_release_url: {
    refersTo: 'machine',
    schema: varTypes.text(),
    default: 'https://github.com/k3s-io/k3s/releases/download',
    description: 'mirror of the releases',
  },
  k3s_install_url: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: "GitHub, at the release's tag",
    description: 'URL of `install.sh`',
  },
  k3s_api_address: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: 'the first server',
    description: 'address of the API for nodes and kubectl',
  },
  k3s_node_name: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: 'name in the inventory',
    description: 'name of the node',
  },
  k3s_node_ip: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: "the host's address",
    description: 'IP address for cluster traffic',
  },
  k3s_labels: {
    refersTo: 'machine',
    schema: varTypes.labels('{zone: a}'),
    default: {},
    description: 'labels of the node',
  },
  k3s_taints: {
    refersTo: 'machine',
    schema: varTypes.accepts('a list such as ["dedicated=db:NoSchedule"]', (value) =>
      Array.isArray(value) ? value.map(String) : undefined,
    ),
    default: [],
    description: 'taints of the node',
  },
  k3s_token: {
    schema: varTypes.text(),
    shownDefault: 'generated once',
    description: 'token with which nodes join',
    secret: true,
  },
  k3s_disable: {
    schema: varTypes.list(DISABLEABLE),
    default: [],
    description: `components to leave out: ${DISABLEABLE.map((name) => `\`${name}\``).join(', ')}`,
  },
  k3s_config: {
    refersTo: 'machine',
    schema: varTypes.mapping('{cluster-cidr: 10.42.0.0/16}'),
    default: {},
    description: 'further keys of the configuration of k3s',
  },
  k3s_ready_seconds: {
    schema: varTypes.number(1, 86_400),
    default: 300,
    description: 'seconds until a node must be Ready',
  },
  k3s_kubeconfig: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: "in the lab's directory, or in the state directory",
    description: "the cluster's kubeconfig on the controller",
  },
  k3s_kubeconfig_merge: {
    refersTo: 'machine',
    schema: varTypes.boolean(),
    default: false,
    description: "also adds the cluster to the user's kubeconfig",
  },
  k3s_context: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: "the lab's name, else `labbook`",
    description: 'name of the kubectl context',
  },
  k3s_compare_measure: {
    schema: varTypes.boolean(),
    default: false,
    description: '`k3s.mjs compare` runs and measures both sides first: `--measure`',
  },
  k3s_swarm_stack: {
    schema: varTypes.oneOf(['remove', 'keep']),
    default: 'remove',
    description: "`keep`: the app's stack stays on the Swarm",
  },
})

/** Variables of the Counter app on Kubernetes. */
export const k3sAppVars = defineVars('k3s: the Counter app', {
  app_host: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: "the Service's address",
    description: 'with `kubecontext`: where the app is reached',
  },
  app_port: {
    refersTo: 'machine',
    schema: varTypes.integer(1, 65_535),
    shownDefault: '`counter_port`',
    description: 'its port there',
  },
  counter_image: {
    refersTo: 'image',
    schema: varTypes.text(),
    shownDefault: "the registry's",
    description: 'image of the app',
  },
  redis_image: {
    refersTo: 'image',
    schema: varTypes.text(),
    shownDefault: "the registry's",
    description: 'image of Redis',
  },
  haproxy_image: {
    refersTo: 'image',
    schema: varTypes.text(),
    shownDefault: "the registry's",
    description: 'image of HAProxy',
  },
  image_pull_secret: {
    refersTo: 'machine',
    schema: varTypes.text(),
    default: '',
    description: 'a Secret with a registry account; k3s hosts have theirs in `registries.yaml`',
  },
  counter_log_level: { schema: varTypes.text(), default: 'INFO', description: 'log level of the app' },
  counter_workers: { schema: varTypes.integer(1, 64), default: 2, description: 'worker processes of each pod' },
  counter_autoscale: { schema: varTypes.boolean(), default: false, description: 'scales the app with its load' },
  counter_min_replicas: { schema: varTypes.integer(1, 100), default: 2, description: 'minimum of the autoscaler' },
  counter_max_replicas: { schema: varTypes.integer(1, 100), default: 10, description: 'maximum of the autoscaler' },
  counter_cpu_percent: {
    schema: varTypes.integer(1, 100),
    default: 70,
    description: 'CPU use in percent that the autoscaler aims at',
  },
  counter_toleration_seconds: {
    schema: varTypes.integer(0, 3600),
    default: 30,
    description: 'seconds until pods of a lost node are recreated elsewhere (Kubernetes: 300)',
  },
  counter_progress_deadline: {
    schema: varTypes.integer(10, 3600),
    default: 120,
    description: 'seconds until a stuck update counts as failed',
  },
  redis_sentinel: {
    schema: varTypes.boolean(),
    default: false,
    description: 'Redis with replicas and Sentinels',
  },
  kubernetes_namespace: { schema: varTypes.text(), default: 'counter', description: 'namespace of the app' },
  kubernetes_wait_timeout: {
    schema: varTypes.number(1, 86_400),
    default: 240,
    description: 'seconds to wait for the rollout',
  },
  ingress_class: {
    refersTo: 'machine',
    schema: varTypes.text(),
    default: 'traefik',
    description: 'class of the Ingress',
  },
  ingress_host: { schema: varTypes.text(), default: 'counter.internal', description: 'host name of the Ingress' },
  ingress_port: {
    refersTo: 'machine',
    schema: varTypes.integer(1, 65_535),
    default: 80,
    description: 'port of the Ingress controller, as this machine reaches it',
  },
  storage_class: {
    refersTo: 'machine',
    schema: varTypes.text(),
    default: '',
    shownDefault: "the cluster's",
    description: "storage class of Redis' volume",
  },
  storage_size: { schema: varTypes.text(), default: '1Gi', description: "size of Redis' volume" },
})
