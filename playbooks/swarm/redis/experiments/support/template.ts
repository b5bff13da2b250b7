import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { PlaybookError, type CareContext } from '../../../../../src/labbook.ts'
import { render } from '../../../../../src/modules/support/render.ts'
import { ROOT } from '../../../../images/table.ts'
import { inTurn, secretOf, type Topology } from './compose.ts'

type Tree = Readonly<Record<string, unknown>>

export interface RedisServices {
  readonly services: Tree
  readonly volumes: Tree
}

/** The services of Redis, from the very templates that the app's stack is deployed from. */
export function redisServices(on: Pick<CareContext, 'groups' | 'hostvars' | 'hosts'>, topology: Topology, image: string, stack: string): RedisServices {
  const name = `templates/redis/${topology}.yml`
  const given = on.hostvars(on.hosts[0] as string)
  const safe = topology === 'sentinel' || topology === 'cluster'
  const vars = {
    redis_image: image, redis_secret: secretOf(stack), redis_nodes: inTurn(on.groups.swarm ?? []), ipvs: false,
    redis_appendfsync: given.redis_appendfsync ?? 'everysec',
    redis_min_replicas_to_write: given.redis_min_replicas_to_write ?? (safe ? 1 : 0),
  }
  const { services, volumes } = parse(render(readFileSync(path.join(ROOT, name), 'utf8'), name, vars).text) as { services?: Tree; volumes?: Tree }
  if (services === undefined) throw new PlaybookError(`${name} has no services`)
  return { services, volumes: volumes ?? {} }
}
