import { parse } from 'yaml'
import { diffName, shown, type KubeObject } from './objects.ts'

/** One object, as the server has it and as it would be. */
export interface ObjectDiff {
  /** As `kubectl diff` calls it: `apps.v1.Deployment.counter.counter`. */
  readonly name: string
  /** YAML; empty where there is no such object. */
  readonly live: string
  readonly merged: string
}

/**
 * Takes apart what `kubectl diff` printed when its diffs have all of both texts (`diff -N -U99999`): each object as it
 * is and as it would be. Of a diff with less around its hunks the texts are the parts that are shown.
 */
export function readDiffs(output: string): ObjectDiff[] {
  const found: { name: string; live: string[]; merged: string[] }[] = []
  let inHunk = false
  for (const line of output.split('\n')) {
    const header = /^--- (\S+)/.exec(line)
    if (/^diff /.test(line)) inHunk = false
    else if (!inHunk && header !== null)
      found.push({ name: (header[1] as string).split('/').at(-1) as string, live: [], merged: [] })
    else if (/^@@ /.test(line)) inHunk = true
    else if (inHunk) {
      const at = found.at(-1)
      if (/^[ -]/.test(line)) at?.live.push(line.slice(1))
      if (/^[ +]/.test(line)) at?.merged.push(line.slice(1))
    }
  }
  return found.map(({ name, live, merged }) => ({ name, live: text(live), merged: text(merged) }))
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** What differs of an object, for people; undefined where it is only what the server keeps for itself. */
export function differenceOf({
  live,
  merged,
}: ObjectDiff): { readonly before: string; readonly after: string } | undefined {
  const [is, willBe] = [parse(live, { version: '1.1' }) as unknown, parse(merged, { version: '1.1' }) as unknown]
  const [before, after] = [shown(is, willBe), shown(willBe, is)]
  return before === after ? undefined : { before, after }
}

/**
 * The difference of an object, among those of all. In the context's own namespace, its name has one in the middle that
 * the manifest does not tell.
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

/** Who else has set fields that a manifest sets. */
export interface Conflict {
  readonly manager: string
  readonly fields: readonly string[]
}

/** Reads the API server's answer to an apply that would take fields from another manager. */
export function conflictsOf(stderr: string): Conflict[] {
  if (!/Apply failed with \d+ conflicts?:/.test(stderr)) return []
  const parts = stderr.split(/conflicts? with /).slice(1)
  return parts.flatMap((part) => {
    const manager = /^"((?:[^"\\]|\\.)*)"/.exec(part)?.[1]?.replaceAll('\\"', '')
    const told = part.split('\nPlease review')[0] ?? ''
    return manager === undefined
      ? []
      : [{ manager, fields: [...told.matchAll(/(?:^- |: )(\.\S+)/gm)].map(([, field]) => field as string) }]
  })
}
