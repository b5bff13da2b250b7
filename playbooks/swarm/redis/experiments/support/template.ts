import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { PlaybookError, type CareContext } from '../../../../../src/labbook.ts'
import { render } from '../../../../../src/modules/support/render.ts'
import { ROOT } from '../../../../images/table.ts'
import { redisVarsOf, type Topology } from '../../variables.ts'
import { inTurn, secretOf } from './compose.ts'

type Tree = Readonly<Record<string, unknown>>

export interface RedisServices {
  readonly services: Tree
  readonly volumes: Tree
}

/** The Redis services from the templates of the app's stack. */
export function redisServices(
  on: Pick<CareContext, 'groups' | 'hostvars' | 'hosts' | 'slowdown'>,
  topology: Topology,
  image: string,
  stack: string,
): RedisServices {
  const name = `templates/redis/${topology}.yml`
  const vars = {
    ...redisVarsOf(topology, on.hostvars(on.hosts[0] as string)),
    redis_image: image,
    redis_secret: secretOf(stack),
    redis_nodes: inTurn(on.groups.swarm ?? [], topology),
    ipvs: false,
    slowdown: on.slowdown,
  }
  const { services, volumes } = parse(render(readFileSync(path.join(ROOT, name), 'utf8'), name, vars).text) as {
    services?: Tree
    volumes?: Tree
  }
  if (services === undefined) throw new PlaybookError(`${name} has no services`)
  return { services, volumes: volumes ?? {} }
}
