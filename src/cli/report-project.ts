import type { ReportQuestion } from '../events/report-questions.ts'
import type { VarSet } from '../playbook/define-vars.ts'
import type { Catalogue, Language } from '../report/messages/index.ts'

/** What `report.mjs` receives from the project whose runs it renders. */
export interface ReportProject {
  /** For event logs of older versions, whose questions have no sections. */
  readonly questions?: readonly ReportQuestion[]
  /** Declarations of the variables of its playbooks, loaded on demand. */
  readonly vars?: () => Promise<readonly VarSet[]>
  /** Translations of the texts of its findings, loaded on demand. */
  readonly catalogues?: Readonly<Partial<Record<Language, () => Promise<Catalogue>>>>
}

/** The translations of a project's findings; none for English. */
export const catalogueOf = async ({ catalogues = {} }: ReportProject, language: Language): Promise<Catalogue> =>
  (await catalogues[language]?.()) ?? {}
