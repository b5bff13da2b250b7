import { didYouMean, nearest } from 'labbook'

/** A service or workload, as far as the selection of targets needs it. */
export interface ExperimentTarget {
  readonly name: string
  /** Stateful ones are disturbed only if they are named. */
  readonly role: string
  readonly overrides: { readonly skip?: readonly string[] }
}

/** An experiment as `--list` shows it, and the targets to which it applies. */
export interface KindInfo<Service extends ExperimentTarget, Model> {
  /** Name of the experiment, in the imperative. */
  readonly title: string
  /** Whether it disturbs services one after the other, one node, or nothing. */
  readonly scope: 'nothing' | 'service' | 'node'
  /** What it does to a host, for the permission: `a container of vote is killed`. */
  readonly effect: (services: string) => string
  /** What it needs beyond running services. */
  readonly needs: string
  /** Default: to every service. */
  readonly appliesTo?: (service: Service, model: Model) => boolean
}

/**
 * The services that an experiment disturbs, or whose tasks it watches on a disturbed node.
 *
 * @param named - names from `-e services=...`: only these, and stateful ones only if named.
 */
export const targetsOf = <Service extends ExperimentTarget, Model extends { readonly services: readonly Service[] }>(
  kind: string,
  { scope, appliesTo }: KindInfo<Service, Model>,
  model: Model,
  named?: readonly string[],
): Service[] =>
  model.services.filter((service) => {
    const { name, role, overrides } = service
    if (role === 'one-shot' || overrides.skip?.includes(kind) === true || named?.includes(name) === false) return false
    return (
      scope === 'nothing' || ((role !== 'stateful' || named !== undefined) && appliesTo?.(service, model) !== false)
    )
  })

/** Stateful services that are not named: they are not disturbed. */
export const undisturbed = <Service extends ExperimentTarget>(
  services: readonly Service[],
  named: readonly string[] = [],
): Service[] => services.filter(({ role, name }) => role === 'stateful' && !named.includes(name))

/** The first name that does not exist, and what may have been meant; undefined if all exist. */
export function unknownName(
  named: readonly string[],
  known: readonly string[],
): { readonly name: string; readonly meant: string | undefined } | undefined {
  const name = named.find((each) => !known.includes(each))
  return name === undefined ? undefined : { name, meant: didYouMean(nearest(name, known, 2)) }
}
