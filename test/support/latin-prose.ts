/**
 * Terms that Russian texts have in Latin letters: names of programs, of settings and of what commands print. Everything
 * else in Latin letters is prose that was not translated.
 */
const TERMS = new Set(
  `Redis Swarm master drain Ready Down NotReady Kubernetes Cluster IPVS CPU Docker web store Sentinel
  min-replicas-to-write everysec always npx zx mesh routing Routing Counter docker HorizontalPodAutoscaler Chromium
  hello-world app appendfsync Ingress NetworkPolicy ConfigMap uncordon Cordon Uncordon JSON append-only WAIT SIGKILL API
  Secret s.mjs active Active IP depends_on gossip Compose HTTP HTTPS push pull curl login Service
  PersistentVolumeClaim cookie sticky sessions minikube tunnel fsync READONLY redis ReplicaSet endpoint StatefulSet
  preStop progressDeadlineSeconds rollout undo disruption budget Deployment toleration compare measure start-first
  lab.mjs provider qemu SSH SIGSTOP WWW-Authenticate x-labbook stop_grace_period CHROME_PATH load_users
  load_most_slowdown TLS balancer_sticky worker PostgreSQL counter-public metrics-server check asciinema play Labbook
  events.jsonl traefik servicelb k3s_disable IngressClass ingress_class Node Amdahl USL k3s SVG Markdown HTML
  voting Gunther Universal Scalability Law update rollback rollback_completed rollback_paused completed paused updating
  pause NODE deploy.placement.constraints deploy.resources.reservations max_replicas_per_node restart_policy inspect node
  cluster single replicas sentinel none nginx haproxy PID CFS RPS loadgen load_most_connections GET POST INCR INFO Host stack kubectl
  hpa pods kill signal KILL commandstats ABBA timedatectl set-ntp netem boot lab_provider lab_disk init mode dnsrr host
  restart_policy ingress endpoint_mode seccomp root daemon.json PID IPC round robin DNS runs NTP TCP latest false ping
  local-path flannel iptables affinity taints topology spread constraints PodDisruptionBudget heartbeat configs secrets
  maxSurge maxUnavailable xfs NodePort LoadBalancer SIGTERM kubelet terminationGracePeriodSeconds Job DaemonSet`
    .split(/\s+/)
    .map((term) => term.toLowerCase()),
)

/**
 * The untranslated words of a Russian text.
 *
 * @param names - of hosts, services and the like, which no language translates.
 */
export function latinProse(text: string, names: readonly string[] = []): string[] {
  const known = new Set(names.flatMap((name) => [name.toLowerCase(), ...name.toLowerCase().split(/[._/:-]/)]))
  return (
    (
      text
        // Placeholders, options with values, paths and addresses, outputs in quotes.
        .replace(/\{[^}]*\}|-e \S+|\S*[/=@]\S*|"[^"]*"|`[^`]*`/g, ' ')
        .match(/[A-Za-z][\w.-]*\w/g) ?? []
    ).filter((word) => {
      const lower = word.toLowerCase()
      return word.length > 2 && !TERMS.has(lower) && !known.has(lower) && !/\d/.test(word)
    })
  )
}
