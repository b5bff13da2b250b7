import { type Message, type MessageList, tableLines } from 'labbook'
import { joinTexts, lines, say, tableOf } from '../messages/say.ts'
import { KIND_NAMES, KINDS, targetsOf, type ExperimentKind } from './kinds.ts'
import { probeText, type EntryPoint } from '../methods/entry-point.ts'
import type { StackModel } from './model.ts'

/** The derived services and entry points, as tables. */
export const modelTables = ({ services, entryPoints }: StackModel): MessageList =>
  lines(
    tableOf([
      [say('SERVICE'), say('ROLE'), say('BECAUSE OF'), say('USES')],
      ...services.map(({ name, role, roleReason, dependencies }) => [
        name,
        say(role),
        roleReason,
        dependencies.join(', ') || '-',
      ]),
    ]),
    '',
    entryPoints.length === 0
      ? say('No entry points: no service publishes a TCP port, so only tasks are watched.')
      : tableOf([
          [say('ENTRY POINT'), say('SERVICE'), say('ON'), say('PROBE'), say('BECAUSE OF')],
          ...entryPoints.map(({ port, service, mode, probes, reason }: EntryPoint) => [
            port,
            service,
            say(mode === 'host' ? 'nodes with a task' : 'every node'),
            joinTexts(probes.map(probeText), '; '),
            reason,
          ]),
        ]),
  )

/** The same in sentences. */
export const modelLines = ({ services, entryPoints }: StackModel): Message[] => [
  ...services.map(({ name, role, roleReason, dependencies }) =>
    say('{service}: {role} ({reason}){uses}', {
      service: name,
      role: say(role),
      reason: roleReason,
      uses: dependencies.length === 0 ? '' : say('; uses {services}', { services: dependencies.join(', ') }),
    }),
  ),
  ...entryPoints.map(({ port, service, probes, reason }) =>
    say('port {port} of {service}: probed with {probes} ({reason})', {
      port,
      service,
      probes: joinTexts(probes.map(probeText)),
      reason,
    }),
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
