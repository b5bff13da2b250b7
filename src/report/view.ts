import type { Summary } from '../evidence/summary.ts'
import type { Exhibit, Finding } from '../run/events.ts'
import type { drawChart } from './chart.ts'
import { dataFiles, type DataFile } from './data.ts'
import type { DiffLine, diffLines } from './diff.ts'
import type { Facts, HostTasks, KeptExhibit } from './facts.ts'
import { excerpt } from './format.ts'
import type { MachineFold } from './machines.ts'
import { measures } from './measures.ts'
import type { picture } from './picture.ts'
import { answered } from './questions.ts'
import { slugger } from './slug.ts'
import { longTexts, wholeIn, type LongText, type TaskDetail } from './task.ts'
import type { Words } from './words/index.ts'

/** An exhibit with its picture. `slug` is fit for file names and anchors. */
export interface ShownExhibit extends Pick<Exhibit, 'id' | 'title' | 'host' | 'command' | 'start'> {
  readonly slug: string
  readonly svg: string
  /** The picture is a chart, or would be one: then this is why it could not be drawn. */
  readonly chart: { readonly problem?: string } | undefined
  readonly text: string
  readonly long: readonly LongText[]
  readonly data: readonly DataFile[]
}

export interface ShownTask extends Omit<TaskDetail, 'changes'> {
  readonly changes: readonly {
    readonly description: string
    readonly subject: string
    readonly diff: readonly DiffLine[]
  }[]
}

/** What draws the parts that not every report has. Their libraries are loaded only for those that have them. */
export interface Drawing {
  readonly picture: typeof picture
  readonly diffLines: typeof diffLines
  readonly drawChart: typeof drawChart
}

export type View = ReturnType<typeof viewOf>

/**
 * More hosts than this are counted, in the list of all and in each play; those where something went wrong come first.
 */
const MOST_HOSTS = 1000
/** More names than this make no sentence. */
const MOST_NAMES = 20

/** Everything the pages show, in the order they show it. */
export function viewOf(summary: Summary, facts: Facts, drawing: Drawing, words: Words) {
  const exhibits = showExhibits(facts.exhibits.values(), drawing, words)
  const shownAlready = new Set<string>()
  const slugFinding = slugger()
  // What does not hold is what a reader looks for: it comes first, and so has the pictures it shares with others.
  const findings = facts.findings
    .map((finding) => ({
      ...finding,
      mark: markOf(finding, words),
      numbers: measures(finding, words),
      hypothesis: facts.hypotheses.get(finding.experiment),
    }))
    .toSorted((a, b) => a.mark.rank - b.mark.rank)
    .map((finding) => {
      const evidence = finding.evidence.map((id) => exhibits.get(id) ?? { missing: id })
      const own = evidence.flatMap((item) => ('missing' in item || shownAlready.has(item.id) ? [] : [item]))
      for (const item of own) shownAlready.add(item.id)
      return { ...finding, slug: slugFinding(finding.id), evidence, own }
    })
  const recap = Object.entries(summary.hosts).map(([host, counts]) => ({ host, ...counts }))
  const about = facts.start?.about ?? {}
  return {
    words,
    about,
    title: about.title ?? (summary.playbook === '' ? words.heads.aRun : summary.playbook),
    verdict: words.verdicts[summary.status],
    reasons: reasons(summary, words),
    summary,
    start: facts.start,
    hosts: names(facts.start?.hosts ?? [], words),
    machines: machines(facts.machines, words),
    command: facts.start?.argv.join(' ') ?? '',
    failures: facts.failures,
    findings,
    questions: answered(findings),
    otherExhibits: [...exhibits.values()].filter(({ id }) => !shownAlready.has(id)),
    exhibits: [...exhibits.values()],
    recap: recap.length <= MOST_HOSTS ? recap : recap.toSorted((a, b) => wrongs(b) - wrongs(a)).slice(0, MOST_HOSTS),
    hasUnknown: recap.some(({ unknown }) => unknown > 0),
    phases: phases(summary),
    plays: [...facts.plays.values()].map(({ name, hosts }) => ({
      name,
      hosts: [...hosts.values()]
        .toSorted(failedFirst)
        .slice(0, MOST_HOSTS)
        .map((host) => ({
          ...host,
          details: host.details.map((detail): ShownTask => showTask(detail, drawing, words)),
        })),
      moreHosts: Math.max(0, hosts.size - MOST_HOSTS),
    })),
    moreHosts: Math.max(0, recap.length - MOST_HOSTS),
    results: facts.results,
    onlyCounted: facts.onlyCounted,
    moreExhibits: facts.moreExhibits,
    notices: facts.notices.toSorted((a, b) => LEVELS[a.level] - LEVELS[b.level]),
    moreNotices: facts.moreNotices,
    commands: facts.commands.commands.map((command) => ({
      ...command,
      shown: command.exhibit === undefined ? undefined : exhibits.get(command.exhibit)?.slug,
    })),
    moreCommands: facts.commands.more,
    looks: facts.commands.looks,
  }
}

const wrongs = ({ failed, unreachable }: { readonly failed: number; readonly unreachable: number }): number =>
  failed + unreachable

const showTask = (detail: TaskDetail, { diffLines }: Drawing, words: Words): ShownTask => ({
  ...detail,
  changes: detail.changes.map(({ description, diff }) => ({
    description,
    subject: diff?.subject ?? '',
    diff: diff ? diffLines(diff, words) : [],
  })),
})

function names(all: readonly string[], { says }: Words): string {
  const more = all.length - MOST_NAMES
  return more <= 0 ? all.join(', ') : says.namesAnd(all.slice(0, MOST_NAMES).join(', '), more)
}

/** Machines that are alike in one line: `node1, node2: Debian 12 x86_64, 2 CPUs, 3.8 GiB, Docker 20.10.24`. */
function machines({ machines, docker }: MachineFold, words: Words): string[] {
  const alike = new Map<string, string[]>()
  for (const [host, { system, cpus, memory }] of machines) {
    const engine = docker.get(host)
    const kind =
      words.says.machine(system, cpus, memory > 0 ? words.measure(memory / 1024 / 1024) : '') +
      (engine === undefined ? '' : `, Docker ${engine}`)
    alike.set(kind, [...(alike.get(kind) ?? []), host])
  }
  return [...alike].map(([kind, hosts]) => `${names(hosts, words)}: ${kind}`)
}

const LEVELS = { error: 0, warning: 1, info: 2 } as const

/** That a question is answered with no is neither good news nor bad. */
function markOf({ holds, question }: Finding, { marks }: Words) {
  if (holds === null) return { sign: '?', text: marks.unknown, kind: 'unknown', rank: 1 }
  if (question)
    return holds
      ? { sign: '●', text: marks.yes, kind: 'answer', rank: 2 }
      : { sign: '○', text: marks.no, kind: 'answer', rank: 2 }
  return holds
    ? { sign: '✓', text: marks.holds, kind: 'holds', rank: 2 }
    : { sign: '✗', text: marks.fails, kind: 'fails', rank: 0 }
}

const failedFirst = (a: HostTasks, b: HostTasks): number => Number(b.failed) - Number(a.failed)

function reasons(summary: Summary, words: Words): string[] {
  const { says } = words
  const hosts = Object.entries(summary.hosts)
  const named = (key: 'failed' | 'unreachable') => hosts.filter(([, recap]) => recap[key] > 0).map(([host]) => host)
  const claims = summary.findings.filter(({ question }) => !question)
  const asked = summary.findings.filter(({ question }) => question)
  const findings = (holds: boolean | null) => claims.filter((finding) => finding.holds === holds).length
  const changed = hosts.reduce((sum, [, recap]) => sum + recap.changed, 0)
  const [failed, unreachable] = [named('failed'), named('unreachable')]
  return [
    ...(summary.status === 'interrupted' ? [says.interrupted] : []),
    ...(summary.check ? [says.check] : []),
    ...(unreachable.length > 0 ? [says.notReached(names(unreachable, words))] : []),
    ...(failed.length > 0 ? [says.failedOn(names(failed, words))] : []),
    ...(claims.length > 0 ? [says.findings(findings(true), findings(false), findings(null))] : []),
    ...(asked.length > 0 ? [says.asked(asked.filter(({ holds }) => holds !== null).length, asked.length)] : []),
    summary.check ? says.toChange(changed) : says.changed(changed),
  ]
}

function phases(summary: Summary) {
  const longest = Math.max(1, ...summary.plays.map(({ durationMs }) => durationMs))
  return summary.plays.map((play) => ({
    ...play,
    percent: Math.max(0.5, Math.round((play.durationMs / longest) * 1000) / 10),
  }))
}

function showExhibits(exhibits: Iterable<KeptExhibit>, drawing: Drawing, words: Words): Map<string, ShownExhibit> {
  const slugOf = slugger()
  const shown = new Map<string, ShownExhibit>()
  for (const exhibit of exhibits) {
    const { id, title, host, command, start } = exhibit
    const slug = slugOf(id)
    const long = longTexts(exhibit)
    const output = [exhibit.stdout, exhibit.stderr].filter((part) => part.trim() !== '').join('\n')
    const text = excerpt(output, words.says.linesLeftOut, { lines: 300, ...wholeIn(long[0]?.file) })
    shown.set(id, {
      id,
      title,
      host,
      command,
      start,
      slug,
      ...draw(exhibit, slug, drawing, words),
      text,
      long,
      data: dataFiles(exhibit, slug),
    })
  }
  return shown
}

/** The chart, or the terminal. A chart that cannot be drawn is no reason to have no report. */
function draw(
  exhibit: KeptExhibit,
  slug: string,
  { picture, drawChart }: Drawing,
  words: Words,
): Pick<ShownExhibit, 'svg' | 'chart'> {
  if (exhibit.chart === undefined) return { svg: picture(exhibit, slug, words), chart: undefined }
  try {
    return { svg: drawChart(exhibit.chart, slug, words), chart: {} }
  } catch (error) {
    return { svg: picture(exhibit, slug, words), chart: { problem: (error as Error).message } }
  }
}
