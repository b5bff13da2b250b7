import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { PlaybookError } from 'labbook'
import { parseComposeYaml } from '../stack/compose-yaml.ts'
import { formatProblem } from '../stack/compose.ts'
import { inspectStackFile, readRequest, readSource, type StackRequest } from '../stack/request.ts'
import { provided } from '../stack/steps.ts'
import { withNames } from '../stack/variables.ts'
import { stackVars } from '../stack/vars.ts'
import { composeData, modelOfCompose } from './from-compose.ts'
import type { StackModel } from './model.ts'
import { proveVars } from './vars.ts'
import { overrideFaults } from './x-labbook.ts'

type Vars = Readonly<Record<string, unknown>>

/** The stack that a run is about. */
export interface Subject {
  readonly name: string
  /** Its compose file; undefined for a stack that runs already. */
  readonly request: StackRequest | undefined
}

/** @throws {PlaybookError} if none is selected, or two. */
export function readSubject(vars: Vars): Subject {
  const { stack } = proveVars.read(vars)
  const { file } = stackVars.read(vars)
  if (stack !== undefined && file !== undefined)
    throw new PlaybookError(
      'set either file or stack: -e file=compose.yaml deploys a stack, -e stack=NAME uses one that runs',
    )
  if (stack === undefined && file === undefined)
    throw new PlaybookError(
      'no stack selected: set its compose file with -e file=compose.yaml, or the name of a running one with -e stack=NAME',
    )
  if (stack !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(stack))
    throw new PlaybookError(`invalid stack name "${stack}": set -e stack=NAME to a name that "docker stack ls" shows`)
  if (stack !== undefined) return { name: stack, request: undefined }
  const request = readRequest({ ...vars, state: 'present' })
  return { name: request.name, request }
}

/**
 * Derives the model from the compose file; images of Labbook keep the names of their variables.
 *
 * @throws {PlaybookError} if the file has errors, or its x-labbook has.
 */
export function readModel(request: StackRequest, vars: Vars): StackModel {
  const { stack, problems } = inspectStackFile(request, vars, provided)
  if (problems.length > 0) throw new PlaybookError(problems.join('\n'))
  const data = composeData(withNames(stack.compose.text))
  const source = readSource(request.file)
  const document = parseComposeYaml(source)
  if ('document' in document) {
    const faults = overrideFaults(data).map(({ at = 'value', ...fault }) =>
      formatProblem(document.locate({ ...fault, at })),
    )
    if (faults.length > 0) throw new PlaybookError(faults.join('\n'))
  }
  return modelOfCompose(data, (name) => {
    const file = path.join(stack.directory, name)
    return name !== '' && existsSync(file) ? readFileSync(file, 'utf8') : undefined
  })
}
