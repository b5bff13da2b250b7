import { type Message, type MessageList, tableLines } from 'labbook'
import { joinTexts, lines, type PlainKey, say, tableOf } from '../messages/say.ts'
import { probeText, type EntryPoint } from './entry-point.ts'
import { type KindInfo, type ExperimentTarget, undisturbed } from './experiment-kinds.ts'

/** A service or workload, with what was derived for it. */
interface DerivedService extends ExperimentTarget {
  readonly role: Extract<PlainKey, 'stateless' | 'stateful' | 'one-shot' | 'global'>
  readonly roleReason: Message
  readonly dependencies: readonly string[]
}

/** What the tables call services and entry points. */
interface TableTexts<Service, Entry> {
  readonly service: Extract<PlainKey, 'SERVICE' | 'WORKLOAD'>
  /** Fills a column of kinds. */
  readonly kindOf?: (service: Service) => string
  /** In place of a table. */
  readonly noEntryPoints: Extract<PlainKey, `No entry points: ${string}`>
  readonly addressOf: (entryPoint: Entry) => string | number
  /** Where an entry point of the mode `host` answers. */
  readonly ownNodes: Extract<PlainKey, `nodes with a ${string}`>
}

/** The derived services and entry points, as tables. */
export const derivedTables = <Service extends DerivedService, Entry extends EntryPoint>(
  { services, entryPoints }: { readonly services: readonly Service[]; readonly entryPoints: readonly Entry[] },
  { service, kindOf, noEntryPoints, addressOf, ownNodes }: TableTexts<Service, Entry>,
): MessageList =>
  lines(
    tableOf([
      [say(service), ...(kindOf === undefined ? [] : [say('KIND')]), say('ROLE'), say('BECAUSE OF'), say('USES')],
      ...services.map((each) => [
        each.name,
        ...(kindOf === undefined ? [] : [kindOf(each)]),
        say(each.role),
        each.roleReason,
        each.dependencies.join(', ') || '-',
      ]),
    ]),
    '',
    entryPoints.length === 0
      ? say(noEntryPoints)
      : tableOf([
          [say('ENTRY POINT'), say(service), say('ON'), say('PROBE'), say('BECAUSE OF')],
          ...entryPoints.map((each) => [
            addressOf(each),
            each.service,
            say(each.mode === 'host' ? ownNodes : 'every node'),
            joinTexts(each.probes.map(probeText), '; '),
            each.reason,
          ]),
        ]),
  )

/**
 * Which experiments would run, on which services, and what they need.
 *
 * @param kinds - the experiments, with the services that they disturb or watch.
 */
export const experimentTables = <Kind extends string>(
  heading: 'SERVICES' | 'WORKLOADS',
  kinds: readonly (readonly [kind: Kind, services: readonly ExperimentTarget[]])[],
  infos: Readonly<Record<Kind, Pick<KindInfo<never, never>, 'needs'>>>,
  services: readonly ExperimentTarget[],
  named?: readonly string[],
): string[] => {
  const rows = kinds.map(([kind, own]) => [kind, own.map(({ name }) => name).join(', ') || '-', infos[kind].needs])
  const left = undisturbed(services, named)
  return [
    ...tableLines([['EXPERIMENT', heading, 'NEEDS'], ...rows]),
    ...(left.length === 0
      ? []
      : [
          '',
          `Not disturbed, because stateful: ${left.map(({ name }) => name).join(', ')}. ` +
            `To include one: -e services=${left[0]?.name ?? ''}`,
        ]),
  ]
}
