import { z } from 'zod'
import { contentOf } from '../modules/support/effects.ts'
import type { Plan } from '../modules/module.ts'
import { targetFile } from '../modules/support/params.ts'
import { lastLine } from '../modules/support/text.ts'
import { defineModule } from '../modules/task.ts'
import { INSTALLED, look, readLook, type K3sLook } from './look.ts'
import { K3S_KEPT, READ_AT_START, unitFileOf, unitOf } from './paths.ts'
import { installScript, removeScript, startScript } from './scripts.ts'
import { parseVersion, stepRefused } from './version.ts'

const sum = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')

const schema = z
  .strictObject({
    /** `absent`: all of k3s goes, with all that ran on it and all its data. */
    state: z.enum(['present', 'absent']).default('present'),
    role: z.enum(['server', 'agent']).default('server'),
    /** `v1.36.4+k3s1` */
    version: z
      .string()
      .refine((text) => parseVersion(text)?.text === text, 'must be a release of k3s, such as v1.36.4+k3s1')
      .optional(),
    /** The binary and the install script on the host. */
    binary: targetFile.optional(),
    binary_sha256: sum.optional(),
    installer: targetFile.optional(),
    installer_sha256: sum.optional(),
    /** How the node is called in the cluster. */
    node_name: z.string().optional(),
    /** Seconds until the node must be Ready. */
    ready_seconds: z.number().positive().default(300),
  })
  .refine(
    ({ state, version, binary, binary_sha256, installer, installer_sha256, node_name }) =>
      state === 'absent' ||
      [version, binary, binary_sha256, installer, installer_sha256, node_name].every((given) => given !== undefined),
    'state present needs version, binary, installer, their checksums and node_name',
  )

type Params = z.output<typeof schema>
export type Wanted = { readonly [K in Exclude<keyof Params, 'state'>]-?: NonNullable<Params[K]> }

export interface K3s {
  readonly version: string
}

/**
 * k3s on a machine: the installer runs only where the binary, the installer or the unit is another than asked for; k3s
 * is restarted only where it is another, or what it reads at its start has changed since then.
 */
export const k3s = defineModule<typeof schema, K3s>({
  name: 'k3s',
  schema,
  reads: ({ binary, installer, role }) =>
    [...READ_AT_START, INSTALLED, unitFileOf(role), binary, installer]
      .flatMap((file) => (file === undefined ? [] : contentOf(file)))
      .concat(`unit:${unitOf(role)}.service`),
  // Whatever the cluster has for this node begins, or ends.
  sets: () => undefined,
  title: ({ state, role, version }) => (state === 'absent' ? 'none' : `${role} ${version ?? ''}`),
  timeLimitSeconds: ({ ready_seconds }) => ready_seconds + 300,
  probe: ({ role, binary = '', installer = '' }) => look({ role, binary, installer }),

  plan(params, observed) {
    if (observed.exitCode === 127)
      return { changes: [], problem: 'there is no systemd on this machine: k3s is run by it' }
    if (observed.exitCode !== 0) return { changes: [], problem: `cannot look at k3s: ${lastLine(observed.stderr)}` }
    const seen = readLook(observed.stdout)
    return params.state === 'absent' ? planRemoval(seen) : planPresence(params as Wanted, seen)
  },
})

const planRemoval = ({ traces }: K3sLook): Plan<K3s> => ({
  changes:
    traces.length === 0
      ? []
      : [{ description: `remove k3s with all its data (${traces.join(', ')})`, script: removeScript }],
})

function planPresence(wanted: Wanted, seen: K3sLook): Plan<K3s> {
  const { role, version } = wanted
  const to = parseVersion(version)
  const other = role === 'server' ? 'agent' : 'server'
  const impossible =
    seen.units[other] !== undefined
      ? `this machine is a k3s ${other} already, and a machine has one role: reset it first (npx zx playbooks/k3s.mjs reset --limit HOST)`
      : seen.version !== undefined && to !== undefined
        ? stepRefused(seen.version, to)
        : undefined
  if (impossible !== undefined) return { changes: [], problem: impossible }
  const reasons = whyInstall(wanted, seen)
  if (reasons.length > 0) {
    const problem = notAtHand(wanted, seen)
    if (problem !== undefined) return { changes: [], problem }
    const install = {
      description: `install k3s ${version} as ${role}: ${reasons.join(', ')}`,
      script: installScript(wanted),
    }
    return {
      changes: [
        install,
        {
          description: `start ${unitOf(role)} and wait until the node ${wanted.node_name} is Ready`,
          script: startScript(wanted),
        },
      ],
    }
  }
  if (!seen.active || !seen.enabled) {
    return {
      changes: [
        {
          description: `${seen.active ? 'enable' : 'start'} ${unitOf(role)} and wait until the node ${wanted.node_name} is Ready`,
          script: startScript(wanted, !seen.active),
        },
      ],
    }
  }
  const since = changedSinceStart(seen)
  return since.length > 0
    ? {
        changes: [
          {
            description: `restart ${unitOf(role)} and wait until the node ${wanted.node_name} is Ready: ${since.join(', ')}`,
            script: startScript(wanted),
          },
        ],
      }
    : { changes: [], values: { version } }
}

/** What the installer would put right. */
function whyInstall(
  { role, version, binary_sha256, installer_sha256 }: Wanted,
  { binary, version: installed, units, record }: K3sLook,
): string[] {
  const unit = units[role]
  return [
    binary === undefined
      ? 'there is none yet'
      : binary !== binary_sha256 &&
        (installed?.text === version
          ? 'its binary is another one'
          : `${installed?.text ?? 'an unknown version'} is installed`),
    binary !== undefined && unit === undefined && 'its unit is missing',
    unit !== undefined &&
      record.unit !== undefined &&
      unit !== record.unit &&
      'its unit is not as the installer wrote it',
    unit !== undefined && record.unit === undefined && 'it was installed by someone else',
    record.installer !== undefined && record.installer !== installer_sha256 && 'by another installer',
  ].filter((reason) => reason !== false)
}

/** Why there is nothing to install from. */
function notAtHand(
  { binary, binary_sha256, installer, installer_sha256 }: Wanted,
  { staged, script }: K3sLook,
): string | undefined {
  const wrong = (file: string, asked: string, found: string | undefined): string | undefined =>
    found === undefined
      ? `${file} is not there`
      : found === asked
        ? undefined
        : `${file} has the checksum ${found}, not ${asked}`
  const why = wrong(binary, binary_sha256, staged) ?? wrong(installer, installer_sha256, script)
  return why === undefined
    ? undefined
    : `k3s cannot be installed: ${why}. It is brought to ${K3S_KEPT} by the tasks before; see docs/k3s.md`
}

/** Each file that k3s read at its start, and that is another one now. */
function changedSinceStart({ started, now }: K3sLook): string[] {
  if (started === undefined) return ['nobody knows what it has read at its start']
  const all = new Set([...started.keys(), ...now.keys()])
  return [...all]
    .filter((file) => started.get(file) !== now.get(file))
    .map((file) => `${file} ${!now.has(file) ? 'is gone' : started.has(file) ? 'has changed' : 'is new'}`)
}
