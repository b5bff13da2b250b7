import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { reveal } from '../../values/secret.ts'
import type { Change, Plan } from '../module.ts'
import { setLists } from '../support/apt-plan.ts'
import { lockedRefresh } from '../support/apt-script.ts'
import { readsAt, setContent, setNewDirectory, setsAt, entryAt, treeAt } from '../support/effects.ts'
import { printBytes, sha256 } from '../support/file-content.ts'
import { mode, secretText } from '../support/params.ts'
import { entryProblem } from '../support/path-access.ts'
import { parsePathFacts, pathProbe, type PathFacts } from '../support/path-facts.ts'
import { isOrBecomesPrivate, obstacle, textProblem } from '../support/place-file.ts'
import { guardedReplacement } from '../support/replace-file.ts'
import { numbered, separateOutputs } from '../support/several-probes.ts'
import { addSource, parseSource, removeSource, sourcesPath, type SourcesEdit } from '../support/sources-list.ts'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const LIMIT = 1024 * 1024
const SOURCES = '/etc/apt/sources.list'

const repo = secretText.superRefine((given, context) => {
  const text = reveal(given)
  const { isSource, enabled } = parseSource(text)
  if (text.trim().startsWith('ppa:'))
    context.addIssue({
      code: 'custom',
      message: 'a PPA is not supported: use deb822_repository with the URL of the PPA and its key as signed_by',
    })
  else if (!isSource || !enabled || text.trim().includes('\n'))
    context.addIssue({ code: 'custom', message: "must be a line of a sources.list: 'deb URL SUITE COMPONENT...'" })
})

const schema = z.strictObject({
  /** A line of a sources.list: `deb [signed-by=/etc/apt/keyrings/x.asc] https://example.org/debian trixie main`. */
  repo,
  state: z.enum(['present', 'absent']).default('present'),
  /**
   * Name of the file in `/etc/apt/sources.list.d` for a new source, without `.list`; or its path. Without it, the name
   * is made from the URL.
   */
  filename: z
    .string()
    .refine((name) => /^\/|^[^/]+$/.test(name) && !/(^|\/)\.{0,2}$|\n/.test(name), {
      error: 'must be a file name or an absolute path',
    })
    .optional(),
  /** Mode of a new file. */
  mode: mode.optional(),
  /** Run `apt-get update` after a change. If it fails, the files are restored, and the task fails. */
  update_cache: z.boolean().default(true),
  /** Attempts of the update. */
  update_cache_retries: z.int().min(1).default(5),
  /** Longest pause between two attempts, in seconds. */
  update_cache_retry_max_delay: z.int().min(0).default(12),
})

type Params = z.output<typeof schema>

export interface AptRepositoryValues {
  readonly repo: string
  readonly state: 'present' | 'absent'
  /** Files that were created. */
  readonly sources_added: readonly string[]
  /** Files that were removed, as their last line was. */
  readonly sources_removed: readonly string[]
}

const sourceOf = ({ repo }: Params): string => parseSource(reveal(repo)).source
const newFile = (params: Params): string => sourcesPath(sourceOf(params), params.filename)

/**
 * Adds and removes APT sources in the one-line format. A source that is in any `.list` file counts, and one that is
 * commented out is enabled there, as in Ansible. Other lines and files keep their form, which Ansible changes. For keys
 * and new sources, `deb822_repository` is the better module.
 */
export const apt_repository = defineModule<typeof schema, AptRepositoryValues>({
  name: 'apt_repository',
  schema,
  title: (params) => shorten(sourceOf(params)),
  reads: (params) => [...entryAt(SOURCES), ...treeAt('/etc/apt/sources.list.d'), ...entryAt(newFile(params))],
  sets: (params) => [
    ...setContent(SOURCES),
    '/etc/apt/sources.list.d/',
    ...setContent(newFile(params)),
    ...(params.update_cache ? setLists : []),
  ],
  probe(params) {
    const probe = pathProbe({ path: null, follow: true, access: 'change', read: { text: LIMIT } })
    return [
      'command -v apt-get >/dev/null || { echo "apt-get not found: apt_repository supports Debian and its derivatives" >&2; exit 127; }',
      'lb_place=0',
      sh`for lb_p in ${newFile(params)} ${SOURCES} /etc/apt/sources.list.d/*.list; do`,
      sh`  case $lb_place:$lb_p in 0:*) ;; *:${newFile(params)}) continue ;; *) [ -f "$lb_p" ] || continue ;; esac`,
      `  printf 'file%s %s\\nfile%s 0\\n' "$lb_place" "$lb_p" "$lb_place"`,
      numbered(`(\n${probe}\n)`, '$lb_place'),
      '  lb_place=$((lb_place + 1))',
      'done',
    ].join('\n')
  },
  printsFiles: true,
  plan(params, observed) {
    const outputs = separateOutputs(observed)
    if (typeof outputs === 'string') return { changes: [], problem: outputs }
    const files = new Map<string, PathFacts>()
    for (let place = 0; ; place++) {
      const path = outputs.get(`file${place}`)?.stdout
      const output = outputs.get(String(place))
      if (path === undefined || output === undefined) break
      const facts = parsePathFacts(output)
      if (typeof facts === 'string') return { changes: [], problem: `cannot read ${path}: ${facts}` }
      files.set(path, facts)
    }
    return planFiles(params, files)
  },
})

function planFiles(params: Params, files: ReadonlyMap<string, PathFacts>): Plan<AptRepositoryValues> {
  const { state } = params
  const texts = [...files].map(([path, { kind, content }]) => ({ path, text: kind === null ? null : (content ?? '') }))
  const edits =
    state === 'present' ? addSource(texts, sourceOf(params), newFile(params)) : removeSource(texts, sourceOf(params))
  const reads = [...files.values()].flatMap((facts) => readsAt(facts, entryAt).reads ?? [])
  const confidential = [...files.values()].some((facts) => isOrBecomesPrivate(facts))
  const values = { repo: reveal(params.repo), state, sources_added: [], sources_removed: [] }
  const problem =
    [...files].map(([path, facts]) => textProblem(path, facts, LIMIT)).find((found) => found !== undefined) ??
    edits.map((edit) => problemOf(edit, files.get(edit.path))).find((found) => found !== undefined)
  if (problem !== undefined) return { changes: [], problem, reads, confidential }
  const changes = edits.map((edit) => fileChange(params, edit, files.get(edit.path) as PathFacts))
  return {
    changes: [...changes, ...(changes.length > 0 && params.update_cache ? [refresh(params, edits, files)] : [])],
    values,
    changeValues: {
      sources_added: edits.filter(({ before }) => before === null).map(({ path }) => path),
      sources_removed: edits.filter(({ after }) => after === null).map(({ path }) => path),
    },
    reads,
    confidential,
  }
}

const problemOf = ({ path }: SourcesEdit, facts: PathFacts | undefined): string | undefined =>
  facts === undefined ? undefined : ((facts.noParent ? undefined : obstacle(path, facts)) ?? entryProblem(path, facts))

function fileChange(params: Params, edit: SourcesEdit, facts: PathFacts): Change {
  const { path, verb, before, after } = edit
  const what = sourceOf(params)
  const isHidden = isOrBecomesPrivate(facts, before === null ? params : {})
  return {
    description: `${verb} ${what} ${verb === 'add' ? 'to' : verb === 'remove' ? 'from' : 'in'} ${path}`,
    ...write(params, edit, facts),
    diff: isHidden
      ? { subject: path, before: before === null ? '' : '[REDACTED]\n', after: after === null ? '' : '[REDACTED]\n' }
      : { subject: path, before: before ?? '', after: after ?? '' },
    sets: [...setsAt(path, facts, setContent), ...(facts.noParent ? setNewDirectory(posix.dirname(path)) : [])],
  }
}

/** How a file gets its new text, if it has the old one. */
function write({ mode }: Params, { path, before, after }: SourcesEdit, facts: PathFacts): Pick<Change, 'script'> {
  if (after === null) return { script: sh`rm -f -- ${path} || exit` }
  const exists = before !== null
  const replacement = guardedReplacement({
    path,
    fill: `${printBytes(Buffer.from(after))} >&8`,
    size: Buffer.byteLength(after),
    madeFrom: exists ? sha256(before) : null,
    ...(exists ? { old: facts } : { mode }),
    followLink: true,
  })
  if (!facts.noParent) return replacement
  return { script: sh`mkdir -p -- ${posix.dirname(path)} || exit` + `\n${replacement.script}` }
}

/** Updates the package lists. If that fails for good, restores the files: the next run begins where this one did. */
function refresh(params: Params, edits: readonly SourcesEdit[], files: ReadonlyMap<string, PathFacts>): Change {
  const { update_cache_retries: attempts, update_cache_retry_max_delay: longest } = params
  const restore = edits.map(({ path, verb, before, after }) => {
    const facts = files.get(path) as PathFacts
    // The file that was removed gets its owner and mode again.
    const owned = after === null ? { owner: String(facts.uid), group: String(facts.gid), mode: facts.mode } : undefined
    if (owned === undefined) return write(params, { path, verb, before: after, after: before }, facts).script
    const text = before ?? ''
    return guardedReplacement({
      path,
      fill: `${printBytes(Buffer.from(text))} >&8`,
      size: Buffer.byteLength(text),
      madeFrom: null,
      ...owned,
      followLink: true,
    }).script
  })
  return {
    description: 'update the apt cache',
    script: [
      'lb_attempt=0 lb_pause=1',
      `until (\n${lockedRefresh()}\n); do`,
      '  lb_attempt=$((lb_attempt + 1))',
      `  if [ "$lb_attempt" -ge ${attempts} ]; then`,
      ...restore.map((script) => `(\n${script}\n) || exit`),
      `    echo 'apt-get update failed ${attempts} times: the sources are as before' >&2; exit 1`,
      '  fi',
      `  [ "$lb_pause" -le ${longest} ] || lb_pause=${longest}`,
      '  sleep "$lb_pause"; lb_pause=$((lb_pause * 2))',
      'done',
    ].join('\n'),
    sets: setLists,
  }
}
