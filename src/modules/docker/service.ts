import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Change, Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { ENGINE, MEMBERSHIP, resourceNamed, setByContainer, setResource } from './effects.ts'
import { parseResponses, engineProblem, filtered, get, exitOnError, post, requireEngine, remove } from './engine.ts'
import { serviceSettings, serviceSpec } from './service-spec.ts'
import { flatten } from './services.ts'
import { redactEnvironment } from './redact-environment.ts'

const schema = z
  .strictObject({
    name: z.string().min(1),
    state: z.enum(['present', 'absent']).default('present'),
    ...serviceSettings.shape,
  })
  .refine((params) => params.state === 'absent' || params.image !== undefined, 'image is required')

export interface DockerService {
  readonly id: string
}

const CONFIG_LABEL = 'labbook.config'

/**
 * Creates, updates and removes a Swarm service; runs on a manager. A label holds the checksum of the requested
 * settings, to detect removed settings; changed settings are compared directly.
 */
export const docker_service = defineModule<typeof schema, DockerService>({
  name: 'docker_service',
  schema,
  redactOutput: redactEnvironment,
  reads: ({ name }) => [...ENGINE, MEMBERSHIP, ...resourceNamed('service', name)],
  sets({ name, image = '', mounts }) {
    const others = setByContainer({
      image,
      mounts: mounts.flatMap(({ type, source, readonly }) =>
        type === 'tmpfs' || source === undefined ? [] : [{ source, readonly }],
      ),
      privileged: false,
    })
    return others && [...setResource('service', name), ...others]
  },
  title: ({ name }) => name,
  // The filter matches prefixes.
  probe: ({ name }) => `${requireEngine}\n${get(filtered('/services', { name: [name] }))}`,

  plan(params, observed): Plan<DockerService> {
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    const service = (answers[0]?.body as Service[]).find(({ Spec }) => Spec.Name === params.name)
    if (params.state === 'absent')
      return { changes: service === undefined ? [] : [removeChange(service.ID, params.name)] }

    const { name } = params
    const spec = serviceSpec(name, params)
    const config = createHash('sha256').update(JSON.stringify(spec)).digest('hex')
    const body = JSON.stringify({ ...spec, Labels: { ...params.labels, [CONFIG_LABEL]: config } })
    if (service === undefined) {
      const script = [post('/services/create', body), exitOnError].join('\n')
      return {
        changes: [
          {
            description: `create service ${name} from ${params.image ?? ''}`,
            script,
            diff: { subject: `service ${name}`, before: '', after: lines(spec) },
          },
        ],
      }
    }
    const values = { id: service.ID }
    const live = new Set(flatten(service.Spec))
    // Docker replaces network names by ids; the label detects changes of networks.
    const missing = flatten(spec).filter(
      (line) => !live.has(line) && !line.startsWith('TaskTemplate.Networks') && !/: (\[\]|\{\})$/.test(line),
    )
    if (missing.length === 0 && service.Spec.Labels?.[CONFIG_LABEL] === config) return { changes: [], values }
    const script = [post(`/services/${service.ID}/update?version=${service.Version.Index}`, body), exitOnError].join(
      '\n',
    )
    const paths = missing.map((line) => line.slice(0, line.indexOf(': ') + 2))
    const before = [...live].filter((line) => paths.some((path) => line.startsWith(path)))
    return {
      values,
      changes: [
        {
          description: `update service ${name}`,
          script,
          diff: { subject: `service ${name}`, before: text(before), after: text(missing) },
        },
      ],
    }
  },
})

interface Service {
  readonly ID: string
  readonly Version: { readonly Index: number }
  readonly Spec: { readonly Name: string; readonly Labels?: Readonly<Record<string, string>> | null }
}

const text = (items: readonly string[]): string => items.map((line) => `${line}\n`).join('')
const lines = (spec: unknown): string => text(flatten(spec))

const removeChange = (id: string, name: string): Change => ({
  description: `remove service ${name}`,
  script: [remove(`/services/${id}`), exitOnError].join('\n'),
})
