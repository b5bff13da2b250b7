import { posix } from 'node:path'
import * as z from 'zod'
import type { Change, Plan } from '../module.ts'
import { containsSecret } from '../support/http-body.ts'
import { targetFile } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { defineModule } from '../task.ts'
import { composeScript, probeCompose } from './compose-scripts.ts'
import {
  containerValues,
  differences,
  leftovers,
  parseComposeState,
  policyActions,
  type ComposeState,
} from './compose-state.ts'
import { engineProblem } from './engine.ts'
import { CONNECTION_PARAMS } from './filters.ts'

const file = z.string().min(1)
const serviceName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, { error: 'must be the name of a service' })

const schema = z
  .strictObject(
    {
      /** Directory on the host with the Compose file. */
      project_src: targetFile.optional(),
      /** Default: the name in the Compose file, or that of the directory. Required with `definition`. */
      project_name: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]*$/, 'must have lower-case letters, digits, - and _')
        .optional(),
      /** Compose files, relative to `project_src`. */
      files: z.array(file).optional(),
      /** A Compose file as data, without secrets. */
      definition: z
        .record(z.string(), z.unknown())
        .refine((definition) => !containsSecret(definition), {
          error: 'definition cannot contain secrets: use env_files, or a file of copy',
        })
        .optional(),
      /** Files with environment variables, relative to `project_src`. */
      env_files: z.array(file).optional(),
      profiles: z.array(z.string().min(1)).optional(),
      /** false: Compose looks for the file itself, for one that COMPOSE_FILE names. */
      check_files_existing: z.boolean().default(true),
      state: z.enum(['absent', 'stopped', 'restarted', 'present']).default('present'),
      /** `always` is a change on each run; so is `policy` with `pull_policy: always` in the Compose file. */
      pull: z.enum(['always', 'missing', 'never', 'policy']).default('policy'),
      /** `always` is a change on each run. */
      build: z.enum(['always', 'never', 'policy']).default('policy'),
      /** Include the services that `services` depend on. */
      dependencies: z.boolean().default(true),
      /** `always` is a change on each run. */
      recreate: z.enum(['always', 'never', 'auto']).default('auto'),
      renew_anon_volumes: z.boolean().default(false),
      /** With `absent`: remove the images, too. */
      remove_images: z.enum(['all', 'local']).optional(),
      /** With `absent`: remove the volumes, too. */
      remove_volumes: z.boolean().default(false),
      /** Remove containers of services that the Compose file no longer has. */
      remove_orphans: z.boolean().default(false),
      /** Seconds for containers to stop. */
      timeout: z.int().min(0).optional(),
      /** Only these services, also of profiles that are not active. */
      services: z.array(serviceName).default([]),
      /** Number of containers, by service. */
      scale: z.record(serviceName, z.int().min(0)).default({}),
      /** Wait until the services run and are healthy, also if nothing else is to do. */
      wait: z.boolean().default(false),
      wait_timeout: z.int().min(0).optional(),
    },
    {
      error: refusing({
        ...CONNECTION_PARAMS,
        assume_yes: 'remove the volume first, so that nothing is asked',
        ignore_build_events: 'build: always is a change on each run',
      }),
    },
  )
  .refine(({ project_src, definition }) => (project_src === undefined) !== (definition === undefined), {
    error: 'set either project_src or definition',
  })
  .refine(({ files, env_files, definition }) => definition === undefined || (files ?? env_files) === undefined, {
    error: 'files and env_files need project_src',
  })
  .refine(({ project_name, definition }) => definition === undefined || project_name !== undefined, {
    error: 'definition needs project_name',
  })

type Params = z.output<typeof schema>

/** The project's containers after the task. */
export interface DockerComposeProject {
  readonly containers: ReturnType<typeof containerValues>
}

/** Manages a Compose project with the plugin `docker compose` of the host. For a Swarm, use `docker_stack`. */
export const docker_compose_v2 = defineModule<typeof schema, DockerComposeProject>({
  name: 'docker_compose_v2',
  schema,
  title: ({ project_src, project_name, state }) => `${project_name ?? posix.basename(project_src ?? '')} ${state}`,
  timeLimitSeconds: ({ wait_timeout = 0 }) => 1800 + wait_timeout,
  // The configuration has environment variables, which often are passwords.
  printsFiles: true,
  probe: probeCompose,
  plan(params, observed): Plan<DockerComposeProject> {
    const problem = composeProblem(params, observed)
    if (problem !== undefined) return { changes: [], problem }
    const state = parseComposeState(observed.stdout)
    const unknown = params.services.find((name) => !state.services.has(name))
    if (unknown !== undefined) {
      const all = [...state.services.keys()].join(', ')
      return { changes: [], problem: `the Compose file has no service "${unknown}": it has ${all}` }
    }
    return { changes: changesOf(params, state), values: { containers: containerValues(state) } }
  },
})

function composeProblem(
  { project_src, check_files_existing }: Params,
  observed: { readonly stdout: string; readonly stderr: string; readonly exitCode: number },
): string | undefined {
  const { stdout, stderr, exitCode } = observed
  if (exitCode === 4) {
    const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/level=warning/.test(line))
    return `docker compose: ${lines.join(' ').trim() || 'the Compose file is not valid'}`
  }
  const engine = engineProblem(observed, [])
  if (engine !== undefined) return engine
  if (/^no-plugin$/m.test(stdout))
    return (
      'docker compose is not installed on this host: install the package docker-compose (Debian from 13 on), ' +
      "docker-compose-v2 (Ubuntu) or docker-compose-plugin (Docker's repository)"
    )
  if (/^no-directory$/m.test(stdout)) return `project_src: ${project_src} is not a directory on this host`
  const missing = /^no-file ?(.*)$/m.exec(stdout)
  if (missing !== null)
    return missing[1] === ''
      ? `${project_src} has no Compose file (compose.yaml or docker-compose.yaml)${check_files_existing ? ': set files' : ''}`
      : `Compose file ${missing[1]} does not exist in ${project_src}`
  return undefined
}

function changesOf(params: Params, state: ComposeState): Change[] {
  const { name } = state
  const script = composeScript(params)
  const listed = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
  if (params.state === 'absent') {
    const left = leftovers(params, state)
    if (left.length === 0) return []
    const diff = { subject: `project ${name}`, before: listed(left), after: '' }
    // The engine keeps an image that another container uses.
    const recurs = left.some((line) => line.startsWith('image '))
    return [{ description: `remove project ${name}`, script, diff, ...(recurs && { recurs }) }]
  }
  if (params.state === 'restarted')
    return [{ description: `restart ${params.services.join(', ') || `project ${name}`}`, script, recurs: true }]
  const always = [
    ...(params.pull === 'always' ? ['pull images'] : []),
    ...(params.build === 'always' ? ['build images'] : []),
    ...policyActions(params, state),
    ...(params.recreate === 'always' ? ['recreate containers'] : []),
  ]
  const found = differences(params, state)
  if (found.length === 0 && always.length === 0) return []
  const isWait = found.every((line) => /: (restarting|health: starting|unhealthy)$/.test(line))
  const what =
    params.state === 'stopped'
      ? 'stop'
      : state.containers.length === 0
        ? 'start'
        : isWait && always.length === 0
          ? 'wait for'
          : 'update'
  return [
    {
      description: `${what} project ${name}${always.length === 0 ? '' : ` (${always.join(', ')})`}`,
      script,
      diff: { subject: `project ${name}`, before: listed(found), after: '' },
      // A container that has done its work is started on each run, as by docker compose up.
      ...((always.length > 0 || found.every((line) => / (exited|configuration differs)$/.test(line))) && {
        recurs: true,
      }),
    },
  ]
}
