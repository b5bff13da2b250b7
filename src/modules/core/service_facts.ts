import * as z from 'zod'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({})

interface ServiceState {
  /** `docker.service`. */
  readonly name: string
  /** `running`, `stopped`; for a unit that systemd has not loaded: `inactive`. */
  readonly state: string
  /** `enabled`, `disabled`, `static`, `masked`, `not-found`, `failed` and the like. */
  readonly status: string
  readonly source: 'systemd'
}

export interface ServiceFacts {
  readonly services: Readonly<Record<string, ServiceState>>
}

/** States that Ansible shows instead of whether the unit is enabled. */
const BAD_STATES = ['not-found', 'masked', 'failed']

/** Lists the services of systemd, as the registered value's `services`. Other init systems are not supported. */
export const service_facts = defineModule<typeof schema, ServiceFacts>({
  name: 'service_facts',
  schema,
  title: () => 'systemd',
  // Any task may start a service, and each service may end.
  probe: () =>
    [
      'export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER=',
      "command -v systemctl >/dev/null || { echo 'service_facts supports systemd only' >&2; exit 127; }",
      'systemctl list-units --no-pager --no-legend --type service --all --plain || exit',
      'echo',
      'systemctl list-unit-files --no-pager --no-legend --type service --all',
    ].join('\n'),
  sets: () => [],
  plan(_, { stdout, stderr, exitCode }) {
    if (exitCode !== 0)
      return { changes: [], problem: `cannot list services: ${lastLine(stderr) || `exit code ${exitCode}`}` }
    const at = stdout.startsWith('\n') ? 0 : stdout.indexOf('\n\n') + 1
    return { changes: [], values: { services: servicesOf(stdout.slice(0, at), stdout.slice(at)) } }
  },
})

function servicesOf(units: string, files: string): Record<string, ServiceState> {
  const services: Record<string, ServiceState> = {}
  for (const line of units.split('\n')) {
    const [name = '', ...fields] = line.trim().split(/\s+/)
    if (!name.endsWith('.service')) continue
    const [load = '', active = '', sub = ''] = fields
    const bad = BAD_STATES.find((state) => [load, active, sub].includes(state))
    const state = sub === 'running' ? 'running' : 'stopped'
    services[name] = { name, state, status: bad ?? active, source: 'systemd' }
  }
  for (const line of files.split('\n')) {
    const [name = '', status = ''] = line.trim().split(/\s+/)
    if (!name.endsWith('.service')) continue
    const known = services[name]
    // A unit that systemd has not loaded is not active.
    if (known === undefined) services[name] = { name, state: 'inactive', status, source: 'systemd' }
    else if (!BAD_STATES.includes(known.status)) services[name] = { ...known, status }
  }
  return services
}
