import type { LabContext } from '../messages/say.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { endpointOf } from '../lab/address.ts'
import { balancerSettings, type APPS } from './stack.ts'

const API = '/api/counter'

/** Path of an app's API behind the balancer. */
export const pathOf = (app: (typeof APPS)[number]): string => `/${app.path}${API}`

/** The balancer's endpoint on each node, as this machine reaches it. */
export const balancerEndpoints = ({ groups, hostvars }: Pick<LabContext, 'groups' | 'hostvars'>): Endpoint[] =>
  (groups.swarm ?? []).map((name) => {
    const vars = hostvars(name)
    return endpointOf(vars, name, balancerSettings(vars).port)
  })
