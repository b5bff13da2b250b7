import * as z from 'zod'
import type { Plan, Result } from '../module.ts'
import { refusing } from '../support/refusing.ts'
import { isTemplate } from '../support/systemd-facts.ts'
import { defineModule } from '../task.ts'
import { systemd, type SystemdValues } from './systemd.ts'

const NOT_SYSTEMD = 'systemd does not use it'

const schema = z
  .strictObject(
    {
      /** Unit name; `.service` if it has no suffix. */
      name: z.string().regex(/^[A-Za-z0-9:_.@\\-]+$/, 'must be the name of one unit'),
      state: z.enum(['started', 'stopped', 'restarted', 'reloaded']).optional(),
      enabled: z.boolean().optional(),
      /** The service manager: all hosts are expected to run systemd. */
      use: z.enum(['auto', 'systemd']).default('auto'),
    },
    {
      error: refusing({
        arguments: NOT_SYSTEMD,
        args: NOT_SYSTEMD,
        pattern: NOT_SYSTEMD,
        runlevel: NOT_SYSTEMD,
        sleep: NOT_SYSTEMD,
      }),
    },
  )
  .refine(({ state, enabled }) => state !== undefined || enabled !== undefined, 'set state or enabled')
  .refine(
    ({ name, state }) => state === undefined || !isTemplate(name),
    'a template has no state: name an instance, such as getty@tty1.service',
  )

/** A service, with Ansible's names. */
export interface ServiceValues {
  readonly name: string
  readonly state: 'started' | 'stopped'
  readonly enabled: boolean
}

const { definition } = systemd

const forSystemd = ({ name, state, enabled }: z.output<typeof schema>): z.output<typeof definition.schema> => ({
  name,
  state,
  enabled,
  masked: undefined,
  daemon_reload: false,
})

const valuesOf = (name: string, { active_state, unit_file_state }: SystemdValues): ServiceValues => ({
  name,
  state: ['active', 'reloading', 'activating'].includes(active_state) ? 'started' : 'stopped',
  enabled: unit_file_state === 'enabled' || unit_file_state === 'generated',
})

/** A plan with Ansible's values. */
const named = (name: string, plan: Plan<SystemdValues>): Plan<ServiceValues> =>
  ({ ...plan, ...(plan.values && { values: valuesOf(name, plan.values) }) }) as Plan<ServiceValues>

/** Starts, stops and enables services. `systemd` has more parameters. */
export const service = defineModule<typeof schema, ServiceValues>({
  name: 'service',
  schema,
  reads: (params) => definition.reads?.(forSystemd(params)),
  sets: (params) => definition.sets?.(forSystemd(params)),
  title: ({ name }) => name,
  probe: (params) => definition.probe(forSystemd(params), {}),
  plan(params, observed, inputs, vars) {
    return named(params.name, definition.plan(forSystemd(params), observed, inputs, vars))
  },
  planAfter(params, observed, state, inputs, vars) {
    const plan = definition.planAfter?.(forSystemd(params), observed, state, inputs, vars)
    return plan && named(params.name, plan)
  },
  result(params, applied) {
    // The module systemd has a result.
    const { values, ...rest } = definition.result?.(forSystemd(params), applied) as Result<SystemdValues>
    return { ...rest, values: valuesOf(params.name, values) }
  },
})
