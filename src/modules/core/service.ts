import { z } from 'zod'
import { refusing } from '../support/refusing.ts'
import { isTemplate } from '../support/systemd-facts.ts'
import { defineModule } from '../task.ts'
import { systemd, unitResult, type SystemdValues, type UnitParams } from './systemd.ts'

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

const forSystemd = ({ name, state, enabled }: z.output<typeof schema>): UnitParams => ({
  name,
  state,
  enabled,
  masked: undefined,
  daemon_reload: false,
})

const valuesOf = (name: string, { active_state, unit_file_state }: SystemdValues): ServiceValues => ({
  name,
  state: ['active', 'reloading', 'activating'].includes(active_state) ? 'started' : 'stopped',
  enabled: unit_file_state === 'enabled',
})

const { definition } = systemd

/** Starts, stops and enables services. `systemd` has more parameters. */
export const service = defineModule<typeof schema, ServiceValues>({
  name: 'service',
  schema,
  reads: (params) => definition.reads?.(forSystemd(params)),
  sets: (params) => definition.sets?.(forSystemd(params)),
  title: ({ name }) => name,
  probe: (params) => definition.probe(forSystemd(params), {}),
  plan(params, observed, inputs, vars) {
    const { values, ...plan } = definition.plan(forSystemd(params), observed, inputs, vars)
    return values === undefined ? plan : { ...plan, values: valuesOf(params.name, values) }
  },
  result(params, applied) {
    const { values, ...result } = unitResult(forSystemd(params), applied)
    return { ...result, values: valuesOf(params.name, values) }
  },
})
