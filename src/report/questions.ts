import type { Finding } from '../events/events.ts'
import type { LocalizedText, ReportQuestion } from '../events/report-questions.ts'

/**
 * Groups findings by the question they answer. A finding answers the question with the longest matching id prefix.
 * Unanswered questions are omitted; the order of findings is kept.
 *
 * @param questions - of the playbook; none in event logs of older versions.
 * @param language - a question without a text in this language is shown in English.
 */
export function groupByQuestion<F extends { readonly id: string }>(
  findings: readonly F[],
  questions: readonly ReportQuestion[],
  language: string,
): { readonly question: string; readonly asked: ReportQuestion; readonly answers: readonly F[] }[] {
  const answers = new Map<ReportQuestion, F[]>(questions.map((question) => [question, []]))
  for (const finding of findings) {
    const question = questionOf(finding.id, questions)
    if (question !== undefined) answers.get(question)?.push(finding)
  }
  return [...answers].flatMap(([asked, answers]) =>
    answers.length === 0 ? [] : [{ question: inLanguage(asked.text, language), asked, answers }],
  )
}

/** A text in a language; English if it lacks it. */
export const inLanguage = (text: LocalizedText, language: string): string => text[language] ?? text.en

/**
 * The answer to a question: Yes if all findings support it, No if one contradicts it, else inconclusive.
 * undefined for questions of older versions, which cannot be answered so.
 */
export function answerOf(
  { section, negated }: Pick<ReportQuestion, 'section' | 'negated'>,
  answers: readonly Pick<Finding, 'holds'>[],
): boolean | null | undefined {
  if (section === undefined) return undefined
  const holds = answers.some((finding) => finding.holds === false)
    ? false
    : answers.some((finding) => finding.holds === null)
      ? null
      : true
  return holds === null ? null : holds !== (negated === true)
}

function questionOf(id: string, questions: readonly ReportQuestion[]): ReportQuestion | undefined {
  let best: { question: ReportQuestion; length: number } | undefined
  for (const question of questions) {
    for (const { length } of question.answeredBy.filter((prefix) => id.startsWith(prefix))) {
      if (best === undefined || length > best.length) best = { question, length }
    }
  }
  return best?.question
}
