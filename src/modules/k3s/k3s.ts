import * as z from 'zod'
import { contentOf } from '../support/effects.ts'
import type { Plan } from '../module.ts'
import { targetFile } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'
import { INSTALL_RECORD, stateScript, parseState, type K3sState } from './state.ts'
import { CONTAINERD_ADDITIONS, K3S_STATE_DIR, READ_AT_START, unitFileOf, unitOf } from './paths.ts'
import { installScript, removeScript, startScript, type DesiredK3s } from './scripts.ts'
import { by, parseVersion, upgradeError } from './version.ts'

const sum = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')

const schema = z
  .strictObject({
    /** `absent` removes k3s with all its workloads and data. */
    state: z.enum(['present', 'absent']).default('present'),
    role: z.enum(['server', 'agent']).default('server'),
    /** `v1.36.4+k3s1` */
    version: z
      .string()
      .refine((text) => parseVersion(text)?.text === text, 'must be a release of k3s, such as v1.36.4+k3s1')
      .optional(),
    /** Path of the binary on the host. */
    binary: targetFile.optional(),
    binary_sha256: sum.optional(),
    installer: targetFile.optional(),
    installer_sha256: sum.optional(),
    /** Name of the node in the cluster. */
    node_name: z.string().optional(),
    /** Timeout until the node is Ready, in seconds. */
    ready_seconds: z.number().positive().default(300),
    /** The command that removes k3s from hosts, for errors. It takes `--limit`. */
    reset_command: z.string().optional(),
  })
  .refine(
    ({ state, version, binary, binary_sha256, installer, installer_sha256, node_name }) =>
      state === 'absent' ||
      [version, binary, binary_sha256, installer, installer_sha256, node_name].every((value) => value !== undefined),
    'state present needs version, binary, installer, their checksums and node_name',
  )

export interface K3s {
  readonly version: string
}

/**
 * Installs k3s on a machine. Runs the installer only if the binary, the installer or the unit differs; restarts k3s
 * only after that, or if a file that it reads at start has changed.
 */
export const k3s = defineModule<typeof schema, K3s>({
  name: 'k3s',
  schema,
  reads: ({ binary, installer, role }) =>
    [...READ_AT_START, INSTALL_RECORD, unitFileOf(role), binary, installer]
      .flatMap((file) => (file === undefined ? [] : contentOf(file)))
      .concat(`unit:${unitOf(role)}.service`),
  // Anything in the cluster may change with this node.
  sets: () => undefined,
  title: ({ state, role, version }) => (state === 'absent' ? 'none' : `${role} ${version ?? ''}`),
  // It may start twice, for drop-ins of containerd.
  timeLimitSeconds: ({ ready_seconds }) => ready_seconds * 2 + 300,
  probe: ({ role, binary = '', installer = '' }) => stateScript({ role, binary, installer }),

  plan(params, observed) {
    if (observed.exitCode === 127) return { changes: [], problem: 'systemd is missing: k3s runs as a systemd unit' }
    if (observed.exitCode !== 0)
      return { changes: [], problem: `cannot read the state of k3s: ${lastLine(observed.stderr)}` }
    const seen = parseState(observed.stdout)
    return params.state === 'absent' ? planRemoval(seen) : planPresence(params as DesiredK3s, seen)
  },
})

const planRemoval = ({ traces }: K3sState): Plan<K3s> => ({
  changes:
    traces.length === 0
      ? []
      : [{ description: `remove k3s with all its data (${traces.join(', ')})`, script: removeScript }],
})

function planPresence(wanted: DesiredK3s, seen: K3sState): Plan<K3s> {
  const { role, version, reset_command } = wanted
  const to = parseVersion(version)
  const other = role === 'server' ? 'agent' : 'server'
  const conflict =
    seen.units[other] !== undefined
      ? `this machine is already a k3s ${other}: remove k3s from it first${by(reset_command && `${reset_command} --limit HOST`)}`
      : seen.version !== undefined && to !== undefined
        ? upgradeError(seen.version, to, reset_command)
        : undefined
  if (conflict !== undefined) return { changes: [], problem: conflict }
  const reasons = whyInstall(wanted, seen)
  if (reasons.length > 0) {
    const problem = missingArtifact(wanted, seen)
    if (problem !== undefined) return { changes: [], problem }
    const install = {
      description: `install k3s ${version} as ${role}: ${reasons.join(', ')}`,
      script: installScript(wanted),
    }
    return {
      changes: [
        install,
        {
          description: `start ${unitOf(role)} and wait for node ${wanted.node_name} to be Ready`,
          script: startScript(wanted),
        },
      ],
    }
  }
  if (!seen.active || !seen.enabled) {
    return {
      changes: [
        {
          description: `${seen.active ? 'enable' : 'start'} ${unitOf(role)} and wait for node ${wanted.node_name} to be Ready`,
          script: startScript(wanted, !seen.active),
        },
      ],
    }
  }
  const since = [...changedSinceStart(seen), ...unreadDropIns(seen)]
  return since.length > 0
    ? {
        changes: [
          {
            description: `restart ${unitOf(role)} and wait for node ${wanted.node_name} to be Ready: ${since.join(', ')}`,
            script: startScript(wanted),
          },
        ],
      }
    : { changes: [], values: { version } }
}

/** Why the installer must run. */
function whyInstall(
  { role, version, binary_sha256, installer_sha256 }: DesiredK3s,
  { binary, version: installed, units, record }: K3sState,
): string[] {
  const unit = units[role]
  return [
    binary === undefined
      ? 'not installed'
      : binary !== binary_sha256 &&
        (installed?.text === version
          ? 'its binary differs'
          : `${installed?.text ?? 'an unknown version'} is installed`),
    binary !== undefined && unit === undefined && 'its unit is missing',
    unit !== undefined && record.unit !== undefined && unit !== record.unit && 'its unit was modified',
    unit !== undefined && record.unit === undefined && 'not installed by Labbook',
    record.installer !== undefined && record.installer !== installer_sha256 && 'the installer differs',
  ].filter((reason) => reason !== false)
}

/** Why the binary or the installer is not usable. */
function missingArtifact(
  { binary, binary_sha256, installer, installer_sha256 }: DesiredK3s,
  { staged, script }: K3sState,
): string | undefined {
  const mismatch = (file: string, expected: string, actual: string | undefined): string | undefined =>
    actual === undefined
      ? `"${file}" is missing`
      : actual === expected
        ? undefined
        : `"${file}" has checksum ${actual}, expected ${expected}`
  const why = mismatch(binary, binary_sha256, staged) ?? mismatch(installer, installer_sha256, script)
  return why === undefined
    ? undefined
    : `cannot install k3s: ${why}. Earlier tasks copy it to "${K3S_STATE_DIR}"; see docs/k3s.md`
}

/** Releases of k3s differ in whether their containerd reads drop-ins. */
const unreadDropIns = ({ now, importsDropIns }: K3sState): string[] =>
  importsDropIns === false && CONTAINERD_ADDITIONS.some((file) => now.has(file))
    ? ['containerd does not import its drop-ins']
    : []

/** The files that have changed since k3s read them at start. */
function changedSinceStart({ started, now }: K3sState): string[] {
  if (started === undefined) return ['the files it read at start are unknown']
  const all = new Set([...started.keys(), ...now.keys()])
  return [...all]
    .filter((file) => started.get(file) !== now.get(file))
    .map((file) => `${file} ${!now.has(file) ? 'was removed' : started.has(file) ? 'has changed' : 'is new'}`)
}
