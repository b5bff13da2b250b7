/** A text by language of the report; English is the fallback. */
export interface LocalizedText {
  readonly en: string
  readonly [language: string]: string
}

/** A question that findings of a run answer, for the report. */
export interface ReportQuestion {
  readonly text: LocalizedText
  /** Prefixes of the ids of findings that answer it. */
  readonly answeredBy: readonly string[]
  /**
   * The section of the report. Questions with a section can be answered by Yes or No. Event logs of older versions have
   * none: their questions are answered by the verdicts of the findings.
   */
  readonly section?: LocalizedText
  /** The findings claim the opposite of what is asked: if they hold, the answer is No. */
  readonly negated?: true
  /**
   * Prefixes of the ids of exhibits to show beside the answer, the most important first. Default: the first chart, else
   * the first output.
   */
  readonly pictures?: readonly string[]
  /** Measured numbers of its findings to show as key results. */
  readonly keyResults?: readonly KeyResult[]
  readonly references?: readonly { readonly title: string; readonly url: string }[]
}

/** A number that a finding measured, shown as a tile. */
export interface KeyResult {
  readonly label: LocalizedText
  /** Id of the finding. */
  readonly finding: string
  /** Name of the metric. */
  readonly metric: string
}
