import { parse } from 'yaml'
import { diffName, displayYaml, type KubeObject } from './objects.ts'

/** One object, before and after the apply. */
export interface ObjectDiff {
  /** File name in `kubectl diff`: `apps.v1.Deployment.shop.web`. */
  readonly name: string
  /** YAML; empty if there is no such object. */
  readonly live: string
  readonly merged: string
}

/**
 * Parses the output of `kubectl diff` with full context (`diff -N -U99999`): each object before and after. With less
 * context, the texts are the parts that are shown.
 */
export function parseDiffs(output: string): ObjectDiff[] {
  const found: { name: string; live: string[]; merged: string[] }[] = []
  let inHunk = false
  for (const line of output.split('\n')) {
    const header = /^--- (\S+)/.exec(line)
    if (/^diff /.test(line)) inHunk = false
    else if (!inHunk && header !== null)
      found.push({ name: (header[1] as string).split('/').at(-1) as string, live: [], merged: [] })
    else if (/^@@ /.test(line)) inHunk = true
    else if (inHunk) {
      const current = found.at(-1)
      if (/^[ -]/.test(line)) current?.live.push(line.slice(1))
      if (/^[ +]/.test(line)) current?.merged.push(line.slice(1))
    }
  }
  return found.map(({ name, live, merged }) => ({ name, live: text(live), merged: text(merged) }))
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** Difference of an object for display; undefined if only server-managed fields differ. */
export function differenceOf({
  live,
  merged,
}: ObjectDiff): { readonly before: string; readonly after: string } | undefined {
  const [liveObject, mergedObject] = [
    parse(live, { version: '1.1' }) as unknown,
    parse(merged, { version: '1.1' }) as unknown,
  ]
  const [before, after] = [displayYaml(liveObject, mergedObject), displayYaml(mergedObject, liveObject)]
  return before === after ? undefined : { before, after }
}

/**
 * Finds the diff of an object. In the context's default namespace, the file name has a namespace that the manifest does
 * not.
 */
export function diffOf(object: KubeObject, diffs: readonly ObjectDiff[]): ObjectDiff | undefined {
  const name = diffName(object)
  const exact = diffs.find((diff) => diff.name === name)
  if (exact !== undefined || object.metadata.namespace !== undefined) return exact
  const [start = ''] = name.split('..')
  const end = `.${object.metadata.name}`
  return diffs.find(
    (diff) =>
      diff.name.startsWith(`${start}.`) &&
      diff.name.endsWith(end) &&
      !diff.name.slice(start.length + 1, -end.length).includes('.'),
  )
}

/** Another field manager, and the conflicting fields it owns. */
export interface Conflict {
  readonly manager: string
  readonly fields: readonly string[]
}

/** Parses the API server's conflict error. */
export function parseConflicts(stderr: string): Conflict[] {
  if (!/Apply failed with \d+ conflicts?:/.test(stderr)) return []
  const sections = stderr.split(/conflicts? with /).slice(1)
  return sections.flatMap((conflict) => {
    const manager = /^"((?:[^"\\]|\\.)*)"/.exec(conflict)?.[1]?.replaceAll('\\"', '')
    const section = conflict.split('\nPlease review')[0] ?? ''
    return manager === undefined
      ? []
      : [{ manager, fields: [...section.matchAll(/(?:^- |: )(\.\S+)/gm)].map(([, field]) => field as string) }]
  })
}
