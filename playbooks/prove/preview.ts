import { tableLines } from 'labbook'
import { KIND_NAMES, KINDS, targetsOf, type ExperimentKind } from './kinds.ts'
import { describeProbe, type EntryPoint } from '../methods/entry-point.ts'
import type { StackModel } from './model.ts'

const describeMode = (mode: string): string => (mode === 'host' ? 'nodes with a task' : 'every node')

/** The derived services and entry points, as tables. */
export function modelTables({ services, entryPoints }: StackModel): string[] {
  return [
    ...tableLines([
      ['SERVICE', 'ROLE', 'BECAUSE OF', 'USES'],
      ...services.map(({ name, role, roleReason, dependencies }) => [
        name,
        role,
        roleReason,
        dependencies.join(', ') || '-',
      ]),
    ]),
    '',
    ...(entryPoints.length === 0
      ? ['No entry points: no service publishes a TCP port, so only tasks are watched.']
      : tableLines([
          ['ENTRY POINT', 'SERVICE', 'ON', 'PROBE', 'BECAUSE OF'],
          ...entryPoints.map(({ port, service, mode, probes, reason }: EntryPoint) => [
            port,
            service,
            describeMode(mode),
            probes.map(describeProbe).join('; '),
            reason,
          ]),
        ])),
  ]
}

/** The same in sentences. */
export const modelLines = ({ services, entryPoints }: StackModel): string[] => [
  ...services.map(
    ({ name, role, roleReason, dependencies }) =>
      `${name}: ${role} (${roleReason})${dependencies.length === 0 ? '' : `; uses ${dependencies.join(', ')}`}`,
  ),
  ...entryPoints.map(
    ({ port, service, probes, reason }) =>
      `port ${port} of ${service}: probed with ${probes.map(describeProbe).join(', ')} (${reason})`,
  ),
]

/** Which experiments would run, on which services, and what they need. */
export function planTables(
  model: StackModel,
  kinds: readonly ExperimentKind[] = KIND_NAMES,
  named?: readonly string[],
): string[] {
  const rows = kinds.map((kind) => {
    const { services } = targetsOf(kind, model, named)
    return [kind, services.map(({ name }) => name).join(', ') || '-', KINDS[kind].needs]
  })
  const stateful = model.services.filter(({ role, name }) => role === 'stateful' && named?.includes(name) !== true)
  return [
    ...tableLines([['EXPERIMENT', 'SERVICES', 'NEEDS'], ...rows]),
    ...(stateful.length === 0
      ? []
      : [
          '',
          `Not disturbed, because stateful: ${stateful.map(({ name }) => name).join(', ')}. ` +
            `To include one: -e services=${stateful[0]?.name ?? ''}`,
        ]),
  ]
}
