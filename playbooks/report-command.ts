import { report as renderRuns } from 'labbook/report-cli'
import { REPORT_QUESTIONS } from './report-questions.ts'

/** Runs `report.mjs` with this project's translations, and its questions for event logs without sections. */
export const reportCommand = (argv: readonly string[], root: string, command: string): Promise<number> =>
  renderRuns(argv, root, command, {
    questions: REPORT_QUESTIONS,
    vars: async () => (await import('./project.ts')).PROJECT_VARS,
    catalogues: { ru: async () => (await import('./messages/ru.ts')).RUSSIAN },
  })
