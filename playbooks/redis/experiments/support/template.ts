import { readFileSync } from 'node:fs'
import { type LabSetupContext } from '../../../messages/say.ts'
import path from 'node:path'
import { parse } from 'yaml'
import { PlaybookError, render } from 'labbook'
import { ROOT } from '../../../app/images/table.ts'
import { redisSettingsFor } from '../../settings.ts'
import { type Topology } from '../../vars.ts'
import { nodeOrder, secretOf } from './compose.ts'

type Tree = Readonly<Record<string, unknown>>

export interface RedisServices {
  readonly services: Tree
  readonly volumes: Tree
}

/** The Redis services from the templates of the app's stack. */
export function redisServices(
  on: Pick<LabSetupContext, 'groups' | 'hostvars' | 'hosts' | 'timeoutMultiplier'>,
  topology: Topology,
  image: string,
  stack: string,
): RedisServices {
  const name = `templates/redis/${topology}.yml`
  const vars = {
    ...redisSettingsFor(topology, on.hostvars(on.hosts[0] as string)),
    redis_image: image,
    redis_secret: secretOf(stack),
    redis_nodes: nodeOrder(on.groups.swarm ?? [], topology),
    ipvs: false,
    slowdown: on.timeoutMultiplier,
  }
  const { services, volumes } = parse(render(readFileSync(path.join(ROOT, name), 'utf8'), name, vars).text) as {
    services?: Tree
    volumes?: Tree
  }
  if (services === undefined) throw new PlaybookError(`${name} has no services`)
  return { services, volumes: volumes ?? {} }
}
