import type { Summary } from '../evidence/summary.ts'
import type { Exhibit, Finding } from '../run/events.ts'
import type { DiffLine, diffLines } from './diff.ts'
import type { Facts, HostTasks } from './facts.ts'
import { excerpt, number } from './format.ts'
import type { picture } from './picture.ts'
import { longTexts, wholeIn, type LongText, type TaskDetail } from './task.ts'

/** An exhibit with its picture. `slug` is fit for file names and anchors. */
export interface ShownExhibit extends Omit<Exhibit, 'long'> {
  readonly slug: string
  readonly svg: string
  readonly text: string
  readonly long: readonly LongText[]
}

export interface ShownTask extends Omit<TaskDetail, 'changes'> {
  readonly changes: readonly { readonly description: string; readonly subject: string; readonly diff: readonly DiffLine[] }[]
}

/** What draws the parts that not every report has. Their libraries are loaded only for those that have them. */
export interface Drawing {
  readonly picture: typeof picture
  readonly diffLines: typeof diffLines
}

export type View = ReturnType<typeof viewOf>

const VERDICTS = { passed: 'Passed', failed: 'Failed', interrupted: 'Interrupted' } as const
/** More hosts than this are counted, in the list of all and in each play; those where something went wrong come first. */
const MOST_HOSTS = 1000
/** More names than this make no sentence. */
const MOST_NAMES = 20

/** Everything the pages show, in the order they show it. */
export function viewOf(summary: Summary, facts: Facts, { picture, diffLines }: Drawing) {
  const exhibits = showExhibits(facts.exhibits.values(), picture)
  const shownAlready = new Set<string>()
  const slugFinding = slugger()
  // What does not hold is what a reader looks for: it comes first, and so has the pictures it shares with others.
  const findings = facts.findings.map((finding) => ({ ...finding, mark: markOf(finding) }))
    .toSorted((a, b) => a.mark.rank - b.mark.rank)
    .map((finding) => {
      const evidence = finding.evidence.map((id) => exhibits.get(id) ?? { missing: id })
      const own = evidence.flatMap((item) => ('missing' in item || shownAlready.has(item.id) ? [] : [item]))
      for (const item of own) shownAlready.add(item.id)
      return { ...finding, slug: slugFinding(finding.id), evidence, own }
    })
  const recap = Object.entries(summary.hosts).map(([host, counts]) => ({ host, ...counts }))
  return {
    title: summary.playbook === '' ? 'a run' : summary.playbook,
    verdict: VERDICTS[summary.status],
    reasons: reasons(summary),
    summary,
    start: facts.start,
    hosts: names(facts.start?.hosts ?? []),
    command: facts.start?.argv.join(' ') ?? '',
    failures: facts.failures,
    findings,
    otherExhibits: [...exhibits.values()].filter(({ id }) => !shownAlready.has(id)),
    exhibits: [...exhibits.values()],
    recap: recap.length <= MOST_HOSTS ? recap : recap.toSorted((a, b) => wrongs(b) - wrongs(a)).slice(0, MOST_HOSTS),
    hasUnknown: recap.some(({ unknown }) => unknown > 0),
    phases: phases(summary),
    plays: [...facts.plays.values()].map(({ name, hosts }) => ({
      name,
      hosts: [...hosts.values()].toSorted(failedFirst).slice(0, MOST_HOSTS).map((host) => ({
        ...host, details: host.details.map((detail): ShownTask => showTask(detail, diffLines)),
      })),
      moreHosts: Math.max(0, hosts.size - MOST_HOSTS),
    })),
    moreHosts: Math.max(0, recap.length - MOST_HOSTS),
    results: facts.results,
    onlyCounted: facts.onlyCounted,
    moreExhibits: facts.moreExhibits,
    notices: facts.notices.toSorted((a, b) => LEVELS[a.level] - LEVELS[b.level]),
    moreNotices: facts.moreNotices,
  }
}

const wrongs = ({ failed, unreachable }: { readonly failed: number; readonly unreachable: number }): number => failed + unreachable

const showTask = (detail: TaskDetail, draw: typeof diffLines): ShownTask => ({
  ...detail,
  changes: detail.changes.map(({ description, diff }) => ({ description, subject: diff?.subject ?? '', diff: diff ? draw(diff) : [] })),
})

function names(all: readonly string[]): string {
  const more = all.length - MOST_NAMES
  return more <= 0 ? all.join(', ') : `${all.slice(0, MOST_NAMES).join(', ')} and ${number(more)} more`
}

const LEVELS = { error: 0, warning: 1, info: 2 } as const

function markOf({ holds }: Finding) {
  if (holds === null) return { sign: '?', text: 'cannot tell', kind: 'unknown', rank: 1 }
  return holds ? { sign: '✓', text: 'holds', kind: 'holds', rank: 2 } : { sign: '✗', text: 'does not hold', kind: 'fails', rank: 0 }
}

const failedFirst = (a: HostTasks, b: HostTasks): number => Number(b.failed) - Number(a.failed)

function reasons(summary: Summary): string[] {
  const hosts = Object.entries(summary.hosts)
  const named = (key: 'failed' | 'unreachable') => hosts.filter(([, recap]) => recap[key] > 0).map(([host]) => host)
  const findings = (holds: boolean | null) => summary.findings.filter((finding) => finding.holds === holds).length
  const changed = hosts.reduce((sum, [, recap]) => sum + recap.changed, 0)
  const [failed, unreachable] = [named('failed'), named('unreachable')]
  return [
    ...(summary.status === 'interrupted' ? ['The run ended before its playbook did; this is what was done until then'] : []),
    ...(summary.check ? ['Check mode: nothing was changed; what is listed as changed is what a run would do'] : []),
    ...(unreachable.length > 0 ? [`Could not reach ${names(unreachable)}`] : []),
    ...(failed.length > 0 ? [`Failed on ${names(failed)}`] : []),
    ...(summary.findings.length > 0
      ? [`${findings(true)} of ${summary.findings.length} findings hold`
        + (findings(false) > 0 ? `, ${findings(false)} ${findings(false) === 1 ? 'does' : 'do'} not` : '')
        + (findings(null) > 0 ? `, ${findings(null)} cannot be told` : '')]
      : []),
    summary.check ? `${changed} changes to make` : `${changed} ${changed === 1 ? 'task' : 'tasks'} changed something`,
  ]
}

function phases(summary: Summary) {
  const longest = Math.max(1, ...summary.plays.map(({ durationMs }) => durationMs))
  return summary.plays.map((play) => ({ ...play, percent: Math.max(0.5, Math.round((play.durationMs / longest) * 1000) / 10) }))
}

function showExhibits(exhibits: Iterable<Exhibit>, draw: typeof picture): Map<string, ShownExhibit> {
  const slugOf = slugger()
  const shown = new Map<string, ShownExhibit>()
  for (const exhibit of exhibits) {
    const slug = slugOf(exhibit.id)
    const long = longTexts(exhibit)
    const output = [exhibit.stdout, exhibit.stderr].filter((part) => part.trim() !== '').join('\n')
    const text = excerpt(output, { lines: 300, ...wholeIn(long[0]?.file) })
    shown.set(exhibit.id, { ...exhibit, stdout: '', stderr: '', slug, svg: draw(exhibit, slug), text, long })
  }
  return shown
}

/** Makes words fit for a file name and an anchor, each only once, also where case does not count. */
export function slugger(): (id: string) => string {
  const used = new Set<string>()
  return (id) => {
    const base = id.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '').slice(0, 100) || 'unnamed'
    let slug = base
    for (let n = 2; used.has(slug.toLowerCase()); n++) slug = `${base}-${n}`
    used.add(slug.toLowerCase())
    return slug
  }
}
