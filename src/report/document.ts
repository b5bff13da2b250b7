import type { KeyResult, ReportQuestion } from '../events/report-questions.ts'
import { median } from 'simple-statistics'
import type { RetainedExhibit, ReportData } from './report-data.ts'
import { answerOf, inLanguage } from './questions.ts'
import { translated } from './translate.ts'
import type { View } from './view.ts'
import type { Messages } from './messages/index.ts'

type FindingView = View['findings'][number]

/** A question of the report with its answer, and the exhibits that show it best. */
export interface Answered {
  readonly question: string
  /** undefined: of an older version, without Yes and No. */
  readonly answer: boolean | null | undefined
  readonly findings: readonly FindingView[]
  /** Ids of exhibits. */
  readonly pictures: readonly string[]
}

export interface Section {
  readonly title: string
  readonly questions: readonly Answered[]
}

/** A number in large type. */
export interface Tile {
  readonly value: string
  readonly unit: string
  readonly label: string
  readonly finding: FindingView
}

/** The short report: what is answered, by which evidence, and what is not. */
export interface ReportDocument {
  readonly title: string
  readonly sections: readonly Section[]
  readonly others: readonly FindingView[]
  readonly tiles: readonly Tile[]
  readonly limits: readonly string[]
  readonly references: readonly { readonly title: string; readonly url: string }[]
  /** Yes, No, Inconclusive. */
  readonly counts: readonly [yes: number, no: number, unknown: number]
}

/** Pictures of a question. */
const MAX_PICTURES = 2
const MAX_TILES = 12

/** Arranges a run's findings as a document. */
export function documentOf(view: View, facts: ReportData): ReportDocument {
  const { messages } = view
  const asked = facts.start?.questions ?? []
  const shown = new Set<string>()
  const sections = new Map<string, Answered[]>()
  for (const { question, asked: definition, answers } of view.questions) {
    const pictures = picturesOf(definition, answers, facts.exhibits, shown)
    for (const id of pictures) shown.add(id)
    const title = sectionOf(definition, messages)
    const answered = { question, answer: answerOf(definition, answers), findings: answers, pictures }
    sections.set(title, [...(sections.get(title) ?? []), answered])
  }
  const answers = view.questions.map(({ asked: definition, answers }) => answerOf(definition, answers))
  const grouped = new Set(view.questions.flatMap(({ answers }) => answers))
  return {
    title: view.title,
    sections: [...sections].map(([title, questions]) => ({ title, questions })),
    others: view.findings.filter((finding) => !grouped.has(finding)),
    tiles: asked
      .flatMap(({ keyResults = [] }) => keyResults.flatMap((result) => tileOf(result, view)))
      .slice(0, MAX_TILES),
    limits: limitsOf(view, facts, asked),
    references: referencesOf(view),
    counts: [
      answers.filter((answer) => answer === true).length,
      answers.filter((answer) => answer === false).length,
      answers.filter((answer) => answer === null).length,
    ],
  }
}

const sectionOf = ({ section }: ReportQuestion, { lang, headings }: Messages): string =>
  section === undefined ? headings.questions : inLanguage(section, lang)

/** The exhibits that the question names; of a question that names none, the first chart, else the first output. */
function picturesOf(
  { pictures }: ReportQuestion,
  answers: readonly FindingView[],
  exhibits: ReadonlyMap<string, RetainedExhibit>,
  shown: ReadonlySet<string>,
): string[] {
  const available = [...new Set(answers.flatMap(({ evidence }) => evidence))].flatMap((e) => {
    const exhibit = 'missing' in e ? undefined : exhibits.get(e.id)
    return exhibit === undefined || shown.has(exhibit.id) ? [] : [exhibit]
  })
  if (pictures !== undefined) {
    const named = pictures.flatMap((prefix) => available.find(({ id }) => id.startsWith(prefix)) ?? [])
    return [...new Set(named.map(({ id }) => id))].slice(0, MAX_PICTURES)
  }
  const best =
    available.find(({ chart }) => chart !== undefined) ?? available.find(({ stdout, stderr }) => stdout + stderr !== '')
  return best === undefined ? [] : [best.id]
}

function tileOf({ label, finding: id, metric }: KeyResult, { findings, messages }: View): Tile[] {
  const finding = findings.find((one) => one.id === id)
  const series = finding?.recorded.measured?.find(({ name }) => name === metric)
  const values = (series?.values ?? []).filter((value) => Number.isFinite(value))
  if (finding === undefined || series === undefined || values.length === 0) return []
  return [
    {
      value: messages.measure(median(values)),
      unit: translated(series.unit, messages),
      label: inLanguage(label, messages.lang),
      finding,
    },
  ]
}

function limitsOf(view: View, facts: ReportData, asked: readonly ReportQuestion[]): string[] {
  const { messages, findings } = view
  const { phrases, lang } = messages
  const answeredQuestions = new Set(view.questions.map(({ asked: definition }) => definition))
  const sectionTitles = (questions: Iterable<ReportQuestion>): Set<string> =>
    new Set([...questions].flatMap(({ section }) => (section === undefined ? [] : [inLanguage(section, lang)])))
  const covered = sectionTitles(answeredQuestions)
  const missingSections = [...sectionTitles(asked)].filter((title) => !covered.has(title))
  const unanswered = asked.filter(
    (question) =>
      !answeredQuestions.has(question) &&
      (question.section === undefined || covered.has(inLanguage(question.section, lang))),
  )
  const reasons = new Map<string, string[]>()
  for (const { holds, id, detail = '' } of findings) {
    const why = firstSentence(detail)
    if (holds === null && why !== '') reasons.set(why, [...(reasons.get(why) ?? []), id])
  }
  const missing = [
    ...new Set(
      findings.flatMap(({ evidence }) =>
        evidence.flatMap((e) => ('missing' in e && !facts.omittedExhibits.has(e.missing) ? [e.missing] : [])),
      ),
    ),
  ]
  const once = findings.filter(({ measured = [] }) => measured.some(({ values }) => values.length === 1)).length
  const { nodes, oneKernel } = view.topology
  return [
    ...(oneKernel ? [phrases.oneKernel(nodes.map(({ name }) => name).join(', '))] : []),
    ...(once > 0 ? [phrases.once(once)] : []),
    ...[...reasons].map(([why, ids]) => phrases.inconclusiveBecause(ids.join(', '), why)),
    ...(missingSections.length > 0 ? [phrases.sectionsMissing(missingSections.join(', '))] : []),
    ...(unanswered.length > 0 ? [phrases.questionsMissing(unanswered.length)] : []),
    ...(missing.length > 0 ? [phrases.exhibitsMissing(missing.join(', '))] : []),
    ...(facts.replacedFindings > 0 ? [phrases.replaced(facts.replacedFindings)] : []),
  ]
}

/** The complete text stands beside the finding. */
const firstSentence = (text: string): string => text.split(/\.\s/, 1)[0] ?? ''

/** Only https: a link in an event log may be hostile. */
const referencesOf = ({ questions }: View): ReportDocument['references'] => [
  ...new Map(
    questions
      .flatMap(({ asked: { references = [] } }) => references)
      .filter(({ url }) => url.startsWith('https://'))
      .map((reference) => [reference.url, reference]),
  ).values(),
]
