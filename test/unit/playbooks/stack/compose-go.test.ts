import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { toText } from '../../../../src/values/to-text.ts'
import { readCompose } from '../../../../playbooks/stack/compose.ts'
import { composeContext, readByDocker } from './compose-context.ts'

/*
 * Files with variables, and what compose-go 2.16.2 (`docker compose config`) reads in them. `recorded/compose-go.go`
 * is the program that recorded its answers.
 */

interface Recorded {
  readonly text: string
  readonly env: Readonly<Record<string, string>>
  /** The service `web` as Compose reads it. */
  readonly web?: Readonly<Record<string, unknown>>
  /** The first line of its error. */
  readonly error?: string
}

const recorded = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'recorded/compose-go.json'), 'utf8'),
) as Recorded[]

type Data = Readonly<Record<string, unknown>>

/** A list `NAME=value` as a map; Docker reads all values as texts. */
const asTexts = (pairs: unknown): Data =>
  Object.fromEntries(
    (Array.isArray(pairs)
      ? (pairs as string[]).map((pair): [string, unknown] => [
          pair.split('=', 1)[0] ?? '',
          pair.includes('=') ? pair.slice(pair.indexOf('=') + 1) : null,
        ])
      : Object.entries((pairs ?? {}) as Data)
    ).map(([key, value]) => [key, value === null ? null : toText(value)]),
  )

/** Compose writes modes in octal. */
const modes = (configs: unknown): unknown =>
  ((configs ?? []) as { mode: number | string }[]).map(({ mode }) =>
    typeof mode === 'string' ? Number.parseInt(mode, 8) : mode,
  )

const withoutEmpty = (data: Data): Data =>
  Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined && value !== '' && value !== false))

const comparable = ({ environment, labels, configs, deploy, ...service }: Data): Data =>
  withoutEmpty({
    ...service,
    environment: asTexts(environment),
    labels: asTexts(labels),
    configs: modes(configs),
    // Compose adds these, empty.
    deploy: { resources: {}, placement: {}, ...(deploy as Data | undefined) },
  })

/** How Labbook differs from Compose; undefined if it does not, and null if it refuses what Compose reads as nothing. */
function difference({ text, env, web, error }: Recorded): string | undefined | null {
  const compose = readCompose({ path: 'compose.yaml', text }, composeContext({ values: env }))
  const problems = compose.problems.map(({ message }) => message)
  if (error !== undefined) return problems.length > 0 ? undefined : `Compose fails: ${error}`
  if (problems.length > 0)
    return problems.every((problem) => /^variable \w+ has no value: set it/.test(problem)) ? null : problems.join('\n')
  const { services } = readByDocker(compose.text) as { services: { web: Data } }
  const [received, expected] = [comparable(services.web), comparable(web ?? {})]
  return isDeepStrictEqual(received, expected)
    ? undefined
    : `Docker receives ${JSON.stringify(received)}, Compose reads ${JSON.stringify(expected)}`
}

t.test('what Docker receives is what Compose reads, or the file is refused', async (t) => {
  const results = recorded.map((each) => ({ ...each, difference: difference(each) }))
  t.same(
    results.filter(({ difference }) => typeof difference === 'string'),
    [],
  )
  const refused = results.filter(({ difference }) => difference === null).length
  t.ok(refused < recorded.length / 3, `${refused} of ${recorded.length} files have a variable without a value`)
})
