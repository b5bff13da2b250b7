import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { ENGINE, resourceNamed, setResource } from './effects.ts'
import { parseResponses, engineProblem, get, requireEngine } from './engine.ts'

const schema = z.strictObject({
  name: z.string().min(1),
  state: z.enum(['present', 'absent']).default('present'),
  driver: z.string().default('local'),
  driver_options: z.record(z.string(), z.string()).default({}),
  labels: z.record(z.string(), z.string()).default({}),
})

export interface DockerVolume {
  /** Path of the data on the host. */
  readonly mountpoint: string
}

/**
 * Creates and removes a volume. Other options of an existing volume are an error, as recreating it would lose its data.
 */
export const docker_volume = defineModule<typeof schema, DockerVolume>({
  name: 'docker_volume',
  schema,
  reads: ({ name }) => [...ENGINE, ...resourceNamed('volume', name)],
  sets: ({ name }) => setResource('volume', name),
  title: ({ name }) => name,
  probe: ({ name }) => `${requireEngine}\n${get(`/volumes/${encodeURIComponent(name)}`)}`,

  plan(params, observed): Plan<DockerVolume> {
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    const [answer] = answers
    const volume = answer?.status === 200 ? (answer.body as Volume) : undefined
    if (params.state === 'absent') {
      if (volume === undefined) return { changes: [] }
      return {
        changes: [
          {
            description: `remove volume ${params.name} and its data`,
            script: sh`docker volume rm ${params.name} >/dev/null || exit`,
          },
        ],
      }
    }
    if (volume === undefined) {
      const flags = [
        ...Object.entries(params.driver_options).flatMap(([key, value]) => ['--opt', `${key}=${value}`]),
        ...Object.entries(params.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      ]
      return {
        changes: [
          {
            description: `create volume ${params.name}`,
            script: sh`docker volume create --driver ${params.driver} ${flags} ${params.name} >/dev/null || exit`,
          },
        ],
      }
    }
    const other = [
      ...(volume.Driver === params.driver ? [] : [`driver is ${volume.Driver}`]),
      ...Object.entries(params.driver_options)
        .filter(([key, value]) => volume.Options?.[key] !== value)
        .map(([key]) => `option ${key} is ${volume.Options?.[key] ?? 'not set'}`),
      ...Object.entries(params.labels)
        .filter(([key, value]) => volume.Labels?.[key] !== value)
        .map(([key]) => `label ${key} is ${volume.Labels?.[key] ?? 'not set'}`),
    ]
    const values = { mountpoint: volume.Mountpoint }
    if (other.length === 0) return { changes: [], values }
    return {
      changes: [],
      values,
      problem: `volume "${params.name}" exists with other options (${other.join(', ')}): if its data is not needed, remove it first (state: absent)`,
    }
  },
})

interface Volume {
  readonly Driver: string
  readonly Mountpoint: string
  readonly Options: Readonly<Record<string, string>> | null
  readonly Labels: Readonly<Record<string, string>> | null
}
