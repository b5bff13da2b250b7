import type { ReportQuestion } from 'labbook'

/** Any stack under faults. */
export const PROVE_QUESTIONS: readonly ReportQuestion[] = [
  {
    text: {
      en: 'Does Swarm replace containers that end or hang, without an outage?',
      ru: 'Заменяет ли Swarm завершившиеся и зависшие контейнеры без простоя?',
    },
    answeredBy: ['prove.kill.', 'prove.hang.'],
  },
  {
    text: {
      en: 'Can each service be updated, rolled back and scaled without a failed request?',
      ru: 'Можно ли обновить, откатить и масштабировать каждый сервис без неудачных запросов?',
    },
    answeredBy: ['prove.update.', 'prove.scale.'],
  },
  {
    text: {
      en: 'Does Swarm roll back an update to a broken version?',
      ru: 'Откатывает ли Swarm обновление до неработающей версии?',
    },
    answeredBy: ['prove.broken-update.'],
  },
  {
    text: { en: 'Does the stack survive the loss of a node?', ru: 'Переживает ли стек потерю узла?' },
    answeredBy: ['prove.drain.', 'prove.power-cut.', 'prove.cut-off.', 'prove.daemon-stopped.', 'prove.registry-away.'],
  },
  {
    text: {
      en: 'Does the stack recover after a dependency was away?',
      ru: 'Восстанавливается ли стек после отсутствия зависимости?',
    },
    answeredBy: ['prove.dependency.'],
  },
  {
    text: {
      en: 'Is memory limited, and does data stay with its task?',
      ru: 'Ограничена ли память и остаются ли данные со своей задачей?',
    },
    answeredBy: ['prove.settings.'],
  },
]
