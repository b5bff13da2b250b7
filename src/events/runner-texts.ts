/** Texts of findings by the runner itself. The report has them in each language. */
export type RunnerText =
  | 'no hosts match {pattern}'
  | 'not run: {hosts} failed or became unreachable earlier'
  | 'interrupted'
  | 'the experiment ended without a verdict'
