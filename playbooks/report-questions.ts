import type { LocalizedText, ReportQuestion } from 'labbook'
import { BALANCING_QUESTIONS } from './report-questions/balancing.ts'
import { KUBERNETES_QUESTIONS } from './report-questions/kubernetes.ts'
import { LOAD_QUESTIONS } from './report-questions/load.ts'
import { PROVE_QUESTIONS } from './report-questions/prove.ts'
import { REGISTRY_QUESTIONS } from './report-questions/registry.ts'
import { REPLICATION_QUESTIONS } from './report-questions/replication.ts'
import { STACK_QUESTIONS } from './report-questions/stack.ts'
import { SWARM_QUESTIONS } from './report-questions/swarm.ts'

/** A question whose section the list of its section sets. */
type Question = Omit<ReportQuestion, 'section'>

const inSection = (section: LocalizedText, questions: readonly Question[]): readonly ReportQuestion[] =>
  questions.map((question) => ({ ...question, section }))

/** The questions of the lab course, by section, in the report's order. */
export const REPORT_QUESTIONS: readonly ReportQuestion[] = [
  ...inSection({ en: 'Private registry', ru: 'Частный реестр' }, REGISTRY_QUESTIONS),
  ...inSection({ en: 'Orchestration with Docker Swarm', ru: 'Оркестрация в Docker Swarm' }, SWARM_QUESTIONS),
  ...inSection({ en: 'Stack', ru: 'Стек' }, STACK_QUESTIONS.stack),
  ...inSection({ en: 'Stack under faults', ru: 'Стек при отказах' }, PROVE_QUESTIONS),
  ...inSection({ en: 'Counter cluster', ru: 'Кластер Counter' }, STACK_QUESTIONS.counter),
  ...inSection({ en: 'Load test', ru: 'Нагрузочное тестирование' }, LOAD_QUESTIONS),
  ...inSection({ en: 'Database replication', ru: 'Репликация базы данных' }, REPLICATION_QUESTIONS),
  ...inSection({ en: 'Kubernetes', ru: 'Kubernetes' }, KUBERNETES_QUESTIONS.kubernetes),
  ...inSection(
    { en: 'Swarm and Kubernetes compared', ru: 'Сравнение Swarm и Kubernetes' },
    KUBERNETES_QUESTIONS.comparison,
  ),
  ...inSection({ en: 'Load balancing', ru: 'Балансировка нагрузки' }, BALANCING_QUESTIONS),
]
