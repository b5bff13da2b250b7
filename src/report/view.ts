import type { Summary } from '../evidence/summary.ts'
import type { Exhibit, Finding } from '../events/events.ts'
import type { drawChart, drawCompactChart } from './chart.ts'
import { asciicast } from './asciicast.ts'
import { dataFiles, type DataFile } from './data-files.ts'
import type { DiffLine, diffLines } from './diff.ts'
import type { ReportData, HostTasks, RetainedExhibit } from './report-data.ts'
import { excerpt } from './format.ts'
import type { RunMachines } from './machines.ts'
import { findingStatistics } from './finding-statistics.ts'
import type { drawTerminal, fittingSize } from './terminal-svg.ts'
import { answerOf, groupByQuestion } from './questions.ts'
import { imageSvg } from './image-svg.ts'
import { slugger } from '../text/slug.ts'
import { textIn, translated, translatedExhibit, translatedFinding } from './translate.ts'
import { defaultTitle } from './titles.ts'
import { longOutputs, completeIn, type LongOutput, type TaskDetail } from './task-detail.ts'
import type { Messages } from './messages/index.ts'

/** An exhibit with its image. `slug` is used in file names and anchors. */
export interface ExhibitView extends Pick<Exhibit, 'id' | 'title' | 'host' | 'command' | 'start'> {
  readonly slug: string
  readonly svg: string
  /** Whether it is a picture, which has no other form. */
  readonly image?: true
  /** Set if the exhibit has a chart. `problem` says why it could not be drawn. */
  readonly chart: { readonly problem?: string } | undefined
  readonly text: string
  readonly long: readonly LongOutput[]
  /** Its asciicast; undefined if the times of its output are not known. */
  readonly cast: string | undefined
  readonly data: readonly DataFile[]
}

export interface TaskView extends Omit<TaskDetail, 'changes'> {
  readonly changes: readonly {
    readonly description: string
    readonly subject: string
    readonly diff: readonly DiffLine[]
  }[]
}

/** Drawing functions. Their libraries are loaded only for reports that need them. */
export interface Drawing {
  readonly drawTerminal: typeof drawTerminal
  readonly fittingSize: typeof fittingSize
  readonly diffLines: typeof diffLines
  readonly drawChart: typeof drawChart
  readonly drawCompactChart: typeof drawCompactChart
}

export type View = ReturnType<typeof viewOf>

/** In the recap and in each play; further hosts are only counted. Failed hosts come first. */
const MAX_HOSTS = 1000
/** In a sentence. */
const MAX_NAMES = 20

/** Everything the pages show, in their order. */
export function viewOf(summary: Summary, facts: ReportData, drawing: Drawing, messages: Messages) {
  const exhibits = showExhibits(facts.exhibits.values(), drawing, messages)
  const shownIds = new Set<string>()
  const slugFinding = slugger()
  // Findings that do not hold come first, and so have the exhibits they share with others.
  const findings = facts.findings
    .map((recorded) => {
      const finding = translatedFinding(recorded, messages)
      const hypothesis = facts.hypotheses.get(finding.experiment)
      return {
        ...finding,
        /** As recorded: key results refer to its names. */
        recorded,
        mark: markOf(finding, messages),
        statistics: findingStatistics(finding, messages),
        hypothesis: hypothesis === undefined ? undefined : translated(hypothesis, messages),
      }
    })
    .toSorted((a, b) => a.mark.rank - b.mark.rank)
    .map((finding) => {
      const evidence = finding.evidence.map((id) => exhibits.get(id) ?? { missing: id })
      const own = evidence.flatMap((item) => ('missing' in item || shownIds.has(item.id) ? [] : [item]))
      for (const item of own) shownIds.add(item.id)
      return { ...finding, slug: slugFinding(finding.id), evidence, own }
    })
  const recap = Object.entries(summary.hosts).map(([host, counts]) => ({ host, ...counts }))
  const about = facts.start?.about ?? {}
  const topology = facts.topology.topology()
  const questions = groupByQuestion(findings, facts.start?.questions ?? [], messages.lang)
  return {
    messages: messages,
    about,
    title:
      about.title ??
      defaultTitle(topology, messages) ??
      (summary.playbook === '' ? messages.headings.unnamedRun : summary.playbook),
    topology,
    verdict: messages.verdicts[summary.status],
    reasons: reasons(summary, questions, messages),
    summary,
    start: facts.start,
    hosts: joinNames(facts.start?.hosts ?? [], messages),
    machines: [...new Set(facts.machines.runs.flatMap((run) => machines(run, messages)))],
    command: facts.start?.argv.join(' ') ?? '',
    runs: facts.runs.map((run, i) => ({ ...run, name: facts.runNames[i] ?? run.start.playbook })),
    failures: facts.failures,
    findings,
    questions,
    otherExhibits: [...exhibits.values()].filter(({ id }) => !shownIds.has(id)),
    exhibits: [...exhibits.values()],
    recap:
      recap.length <= MAX_HOSTS
        ? recap
        : recap.toSorted((a, b) => failureCount(b) - failureCount(a)).slice(0, MAX_HOSTS),
    hasUnknown: recap.some(({ unknown }) => unknown > 0),
    phases: phases(summary),
    plays: [...facts.plays.values()].map(({ name, hosts }) => ({
      name,
      hosts: [...hosts.values()]
        .toSorted(failedFirst)
        .slice(0, MAX_HOSTS)
        .map((host) => ({
          ...host,
          details: host.details.map((detail): TaskView => showTask(detail, drawing, messages)),
        })),
      moreHosts: Math.max(0, hosts.size - MAX_HOSTS),
    })),
    moreHosts: Math.max(0, recap.length - MAX_HOSTS),
    results: facts.results,
    onlyCounted: facts.onlyCounted,
    moreExhibits: facts.omittedExhibits.size,
    logEvents: facts.logEvents
      .toSorted((a, b) => LEVELS[a.level] - LEVELS[b.level])
      .map((event) => ({ ...event, message: textIn(event.messages?.message ?? event.message, messages) })),
    moreLogEvents: facts.moreLogEvents,
    commands: facts.commands.commands.map((command) => {
      const shown = command.exhibit === undefined ? undefined : exhibits.get(command.exhibit)
      return { ...command, title: shown?.title ?? command.title, shown: shown?.slug }
    }),
    moreCommands: facts.commands.omitted,
    probeCount: facts.commands.probeCount,
  }
}

const failureCount = ({ failed, unreachable }: { readonly failed: number; readonly unreachable: number }): number =>
  failed + unreachable

const showTask = (detail: TaskDetail, { diffLines }: Drawing, messages: Messages): TaskView => ({
  ...detail,
  changes: detail.changes.map(({ description, diff }) => ({
    description,
    subject: diff?.subject ?? '',
    diff: diff ? diffLines(diff, messages) : [],
  })),
})

function joinNames(all: readonly string[], { phrases }: Messages): string {
  const more = all.length - MAX_NAMES
  return more <= 0 ? all.join(', ') : phrases.namesAnd(all.slice(0, MAX_NAMES).join(', '), more)
}

/** Groups identical machines on one line: `node1, node2: Debian 12 x86_64, 2 CPUs, 3.8 GiB, Docker 20.10.24`. */
function machines({ machines, docker }: RunMachines, messages: Messages): string[] {
  const hostsByKind = new Map<string, string[]>()
  const inOrder = [...machines].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  for (const [host, { system, cpus, memory }] of inOrder) {
    const engine = docker.get(host)
    const kind =
      messages.phrases.machine(system, cpus, memory > 0 ? messages.measure(memory / 1024 / 1024) : '') +
      (engine === undefined ? '' : `, Docker ${engine}`)
    hostsByKind.set(kind, [...(hostsByKind.get(kind) ?? []), host])
  }
  return [...hostsByKind].map(([kind, hosts]) => `${joinNames(hosts, messages)}: ${kind}`)
}

const LEVELS = { error: 0, warning: 1, info: 2 } as const

/** An answer to a question is neither good nor bad. */
function markOf({ holds, question }: Finding, { findingVerdicts: marks }: Messages) {
  if (holds === null) return { sign: '?', text: marks.unknown, kind: 'unknown', rank: 2 }
  if (question)
    return holds
      ? { sign: '●', text: marks.yes, kind: 'answer', rank: 1 }
      : { sign: '○', text: marks.no, kind: 'answer', rank: 1 }
  return holds
    ? { sign: '✓', text: marks.holds, kind: 'holds', rank: 1 }
    : { sign: '✗', text: marks.fails, kind: 'fails', rank: 0 }
}

const failedFirst = (a: HostTasks, b: HostTasks): number => Number(b.failed) - Number(a.failed)

function reasons(
  summary: Summary,
  questions: ReturnType<typeof groupByQuestion<Pick<Finding, 'id' | 'holds'>>>,
  messages: Messages,
): string[] {
  const { phrases } = messages
  const { findings } = summary
  const hosts = Object.entries(summary.hosts)
  const hostsWith = (key: 'failed' | 'unreachable') => hosts.filter(([, recap]) => recap[key] > 0).map(([host]) => host)
  const count = (holds: boolean | null) => findings.filter((finding) => finding.holds === holds).length
  const changed = hosts.reduce((sum, [, recap]) => sum + recap.changed, 0)
  const [failed, unreachable] = [hostsWith('failed'), hostsWith('unreachable')]
  const answered = questions.filter(
    ({ asked, answers }) => answerOf({ ...asked, section: asked.section ?? asked.text }, answers) !== null,
  )
  return [
    ...(summary.status === 'interrupted' ? [phrases.interrupted] : []),
    ...(summary.check ? [phrases.check] : []),
    ...(unreachable.length > 0 ? [phrases.unreachable(joinNames(unreachable, messages))] : []),
    ...(failed.length > 0 ? [phrases.failed(joinNames(failed, messages))] : []),
    ...(questions.length > 0 ? [phrases.questions(answered.length, questions.length)] : []),
    ...(findings.length > 0 ? [phrases.findings(count(true), count(false), count(null))] : []),
    summary.check ? phrases.changesToMake(changed) : phrases.changed(changed),
  ]
}

function phases(summary: Summary) {
  const longest = Math.max(1, ...summary.plays.map(({ durationMs }) => durationMs))
  return summary.plays.map((play) => ({
    ...play,
    percent: Math.max(0.5, Math.round((play.durationMs / longest) * 1000) / 10),
  }))
}

function showExhibits(
  exhibits: Iterable<RetainedExhibit>,
  drawing: Drawing,
  messages: Messages,
): Map<string, ExhibitView> {
  const slugOf = slugger()
  const shown = new Map<string, ExhibitView>()
  for (const recorded of exhibits) {
    const exhibit = translatedExhibit(recorded, messages)
    const { id, title, host, command, start } = exhibit
    const slug = slugOf(id)
    const long = longOutputs(exhibit)
    const output = [exhibit.stdout, exhibit.stderr].filter((part) => part.trim() !== '').join('\n')
    const text = excerpt(output, messages.phrases.linesOmitted, { lines: 300, ...completeIn(long[0]?.file) })
    shown.set(id, {
      id,
      title,
      host,
      command,
      start,
      slug,
      ...draw(exhibit, slug, drawing, messages),
      text,
      long,
      cast: asciicast(exhibit),
      data: dataFiles(exhibit, slug),
    })
  }
  return shown
}

/** The chart, or the terminal. A chart that cannot be drawn does not fail the report. */
function draw(
  exhibit: RetainedExhibit,
  slug: string,
  { drawTerminal: drawTerminal, drawChart }: Drawing,
  messages: Messages,
): Pick<ExhibitView, 'svg' | 'chart' | 'image'> {
  const image = exhibit.image === undefined ? undefined : imageSvg(exhibit.image, exhibit.title)
  if (image !== undefined) return { svg: image, image: true, chart: undefined }
  if (exhibit.chart === undefined) return { svg: drawTerminal(exhibit, slug, messages), chart: undefined }
  try {
    return { svg: drawChart(exhibit.chart, slug, messages), chart: {} }
  } catch (error) {
    return { svg: drawTerminal(exhibit, slug, messages), chart: { problem: (error as Error).message } }
  }
}
