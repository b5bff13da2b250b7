import type { Message, MessageList } from 'labbook'
import { joinTexts, say } from '../messages/say.ts'
import { probeText } from '../methods/entry-point.ts'
import { derivedTables, experimentTables } from '../methods/experiment-preview.ts'
import { KIND_NAMES, KINDS, servicesOf, type ExperimentKind } from './kinds.ts'
import type { StackModel } from './model.ts'

/** The derived services and entry points, as tables. */
export const modelTables = (model: StackModel): MessageList =>
  derivedTables(model, {
    service: 'SERVICE',
    noEntryPoints: 'No entry points: no service publishes a TCP port, so only tasks are watched.',
    addressOf: ({ port }) => port,
    ownNodes: 'nodes with a task',
  })

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
export const planTables = (
  model: StackModel,
  kinds: readonly ExperimentKind[] = KIND_NAMES,
  named?: readonly string[],
): string[] =>
  experimentTables(
    'SERVICES',
    kinds.map((kind) => [kind, servicesOf(kind, model, named)] as const),
    KINDS,
    model.services,
    named,
  )
