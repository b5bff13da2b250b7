import {
  assert,
  type CommandValues,
  debug,
  disturbAll,
  docker_stack,
  play,
  type PlayContext,
  Reference,
  register,
  sh,
  shell,
  type Task,
} from 'labbook'
import { STACK } from '../../app/stack.ts'
import { appSettings } from '../settings.ts'
import { k3sVars } from '../vars.ts'
import { plannedCluster, describeCluster, nodeFor } from './cluster.ts'
import { extraConfig } from './extra-config.ts'
import {
  INOTIFY_SCRIPT,
  parseInotify,
  preflightProblems,
  machineSettings,
  MACHINE_SCRIPT,
  parseMachineFacts,
  type MachineSettings,
  type MachineFacts,
} from './machine.ts'
import { type K3sSource, k3sSource, type PinnedFile } from './source.ts'

const facts = register<CommandValues>('k3s_machine')
const sharedInotify = register<CommandValues>('k3s_inotify')
const machine: Reference<MachineFacts> = facts.map(({ stdout }) => parseMachineFacts(stdout))

/** k3s settings for the current host. */
export const hostSettings = (version?: string | Reference<string>): Reference<MachineSettings> =>
  new Reference((scope) =>
    machineSettings(machine.read(scope), version instanceof Reference ? version.read(scope) : version),
  )

/** Shows the planned cluster, or rejects the inventory, before any host is changed. */
export const plan = play('Plan k3s cluster', { hosts: 'localhost', tags: 'k3s' }, (on) => {
  const cluster = plannedCluster(on)
  // Later plays read these variables, too: invalid ones are rejected here.
  for (const { host } of cluster.nodes) extraConfig(k3sVars.read(on.hostvars(host), host).k3s_config)
  appSettings(on.vars)
  return [debug('Show cluster plan', { msg: describeCluster(cluster) })]
})

/**
 * Checks the artifacts on the controller, before a host is changed. Once for all hosts: files of another architecture
 * are verified when they are copied.
 */
function verifyArtifacts(source: K3sSource): Task[] {
  if (source.kind !== 'artifacts') return []
  const files = [source.binary, source.installer, ...source.images]
  return [
    shell('Verify checksums of k3s artifacts', {
      cmd: checksumScript(files),
      read_only: true,
      delegate_to: 'localhost',
      become: false,
      run_once: true,
      timeout: 600,
    }),
    source.images.length === 0 &&
      debug('Note missing images', {
        msg: 'k3s_artifacts has no image archive, such as k3s-airgap-images-amd64.tar.zst: without the internet, nodes cannot start any pod',
        run_once: true,
      }),
  ].filter((task) => task !== false)
}

/** Shell text that fails with the files whose checksum differs. macOS has no sha256sum. */
export const checksumScript = (files: readonly PinnedFile[]): string =>
  [
    'lb_verify() { if command -v sha256sum >/dev/null; then sha256sum -c -; else shasum -a 256 -c -; fi; }',
    sh`lb_bad=$(printf '%s\n' ${files.map(({ sha256, from }) => `${sha256}  ${from}`)} | LC_ALL=C lb_verify 2>/dev/null | sed -n 's/: FAILED.*//p' | paste -s -d , -)`,
    '[ -z "$lb_bad" ] || { printf \'%s: checksum mismatch: the file is damaged, or another file\\n\' "$lb_bad" >&2; exit 1; }',
  ].join('\n')

/** The version, if known before the binary is available. */
const versionOf = (source: K3sSource): string | undefined =>
  source.kind === 'release' ? source.version : source.kind === 'artifacts' ? source.requestedVersion : undefined

/** Checks that the hosts can run k3s. */
export const preflight = play(
  'Run k3s preflight checks',
  { hosts: 'k3s_servers:k3s_agents', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const { role } = nodeFor(on)
    const source = k3sSource(on)
    if (source.kind === 'none') return [assert('Check k3s source', { that: false, fail_msg: source.problem })]
    const version = versionOf(source)
    // Nodes of such a lab share the kernel of this machine.
    const inLab = on.vars.lab_provider === 'namespaces'
    const problems = new Reference((scope) =>
      preflightProblems(machine.read(scope), role, inLab ? parseInotify(sharedInotify.read(scope).stdout) : undefined),
    )
    return [
      ...verifyArtifacts(source),
      inLab &&
        shell('Count inotify instances', {
          cmd: INOTIFY_SCRIPT,
          read_only: true,
          delegate_to: 'localhost',
          become: false,
          run_once: true,
          register: sharedInotify,
        }),
      shell('Collect machine facts', { cmd: MACHINE_SCRIPT, read_only: true, register: facts }),
      assert('Verify machine facts', {
        that: problems.map((list) => list.length === 0),
        fail_msg: problems.map((list) => `k3s cannot run here: ${list.join('; ')}`),
        success_msg: 'preflight checks pass',
      }),
      debug('Show machine-specific k3s settings', {
        msg: hostSettings(version).map(({ says }) => (says.length === 0 ? 'none' : says.join('\n'))),
      }),
    ]
  },
)

const swarm = register<CommandValues>('k3s_swarm')

/** Whether the stack is removed from this host: the first manager, unless it is kept. */
const removesStack = ({ groups, hostvars }: Pick<PlayContext, 'groups' | 'hostvars'>, host: string): boolean =>
  k3sVars.read(hostvars(host), host).k3s_swarm_stack !== 'keep' && groups.swarm_managers?.[0] === host

/**
 * Removes the app's stack from the Swarm, because it uses the same ports and the memory (`k3s_swarm_stack: keep` keeps
 * it). Its volumes and the Swarm are kept; `playbooks/app.mjs` deploys it again.
 */
export const removeSwarmStack = play(
  'Remove Counter app from Swarm',
  {
    hosts: 'k3s_servers:k3s_agents',
    become: true,
    tags: 'k3s',
    disturbs: (on) =>
      disturbAll(
        on.hosts.filter((host) => removesStack(on, host)),
        `the stack "${STACK}" is removed from the Swarm if it runs there; its volumes are kept (-e k3s_swarm_stack=keep keeps the stack)`,
      ),
  },
  (on) =>
    !removesStack(on, on.host)
      ? []
      : [
          shell('Check for Swarm stack', {
            cmd: `command -v docker >/dev/null && docker stack ls --format '{{.Name}}' 2>/dev/null | grep -x ${STACK} || echo no`,
            read_only: true,
            register: swarm,
          }),
          docker_stack('Remove Swarm stack', {
            name: STACK,
            state: 'absent',
            when: ({ value }) => value(swarm).stdout === STACK,
          }),
        ],
)
